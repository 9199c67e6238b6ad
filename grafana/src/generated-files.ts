import { DEFAULT_ALERT_SETTINGS } from './alert-settings.ts';
import { DASHBOARDS } from './dashboards.ts';
import { grafanaRules } from './grafana-rules.ts';
import { prometheusRules } from './prometheus-rules.ts';
import { renderDashboard } from './render-dashboard.ts';

/** A file that is made from this code and committed. */
export interface GeneratedFile {
  /** Relative to `grafana/`. */
  readonly path: string;
  readonly text: string;
}

/** Every such file. */
export function generatedFiles(): readonly GeneratedFile[] {
  return [
    { path: 'rules/milepost.yaml', text: prometheusRules(DEFAULT_ALERT_SETTINGS) },
    ...DASHBOARDS.map((plan) => ({
      path: `dashboards/${plan.uid}.json`,
      text: renderDashboard(plan),
    })),
    { path: 'provisioning/alerting/milepost.yaml', text: grafanaRules(DEFAULT_ALERT_SETTINGS) },
  ];
}
