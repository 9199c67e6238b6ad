import { stringify } from 'yaml';
import { type AlertSettings } from './alert-settings.ts';
import { type Alert, alerts } from './alerts.ts';
import { annotationsOf } from './annotations.ts';
import { carriedValues } from './carried-values.ts';
import { GENERATED } from './generated.ts';

/** The rule file of Prometheus. */
export function prometheusRules(settings: AlertSettings): string {
  const groups = [
    {
      name: 'milepost',
      interval: settings.evaluationInterval,
      // In order: alerts read what is recorded in the same evaluation.
      rules: [
        ...carriedValues(settings),
        ...alerts(settings).map((alert) => ruleOf(alert, settings)),
      ],
    },
  ];
  return `${GENERATED}\n${stringify({ groups }, { lineWidth: 0 })}`;
}

function ruleOf(alert: Alert, settings: AlertSettings): Readonly<Record<string, unknown>> {
  return {
    alert: alert.name,
    expr: alert.expr,
    ...(alert.holds !== '0s' && { for: alert.holds }),
    labels: { severity: alert.severity },
    annotations: annotationsOf(alert, settings),
  };
}
