/** First line of the generated YAML files. */
export const GENERATED =
  '# Made by `npm run grafana` from grafana/src. A test makes it again and compares.';
