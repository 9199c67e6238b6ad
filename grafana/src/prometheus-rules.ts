import { stringify } from 'yaml';
import { type AlertSettings } from './alert-settings.ts';
import { type Alert, alerts } from './alerts.ts';
import { annotationsOf } from './annotations.ts';
import { carriedValues, lookedBack } from './carried-values.ts';
import { GENERATED } from './generated.ts';

/** The rule file of Prometheus. */
export function prometheusRules(settings: AlertSettings): string {
  const ofPace = (looksBack: boolean): readonly Readonly<Record<string, unknown>>[] =>
    alerts(settings)
      .filter((alert) => (alert.looksBack ?? false) === looksBack)
      .map((alert) => ruleOf(alert, settings));
  // In order: alerts read what is recorded in the same evaluation.
  const groups = [
    {
      name: 'milepost',
      interval: settings.evaluationInterval,
      rules: [...carriedValues(), ...ofPace(false)],
    },
    {
      name: 'milepost-looks-back',
      interval: settings.lookBackInterval,
      rules: [...lookedBack(settings), ...ofPace(true)],
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
