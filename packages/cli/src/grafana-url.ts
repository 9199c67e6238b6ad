/** The variable that names the Grafana to which links lead. */
export const GRAFANA_VARIABLE = 'MILEPOST_GRAFANA_URL';

/**
 * Reads the address under which people reach Grafana, with its path where it is served below one: `https://grafana.example.org/ops`.
 * @param name what the address came from, for the error
 * @throws TypeError where it is not one of HTTP
 */
export function parseGrafanaUrl(text: string, name: string = GRAFANA_VARIABLE): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new TypeError(
    `${name} is "${text}": expected a URL that begins with http:// or https://, such as http://localhost:3000`,
  );
}
