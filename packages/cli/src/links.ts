export { GRAFANA_VARIABLE, parseGrafanaUrl } from './grafana-url.ts';
export { runLinks, type RunLinks, type RunLinksOptions } from './run-links.ts';
