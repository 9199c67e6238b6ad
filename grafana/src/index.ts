export { type AlertSettings, DEFAULT_ALERT_SETTINGS } from './alert-settings.ts';
export { prometheusRules } from './prometheus-rules.ts';
