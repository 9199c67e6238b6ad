import { stringify } from 'yaml';
import { type AlertSettings } from './alert-settings.ts';
import { type Alert, alerts } from './alerts.ts';
import { annotationsOf } from './annotations.ts';
import { GENERATED } from './generated.ts';

// Not the title of the dashboards' folder: Grafana looks for it by title, and makes another where both are provisioned at once.
const FOLDER = 'Milepost alerts';
const DATASOURCE = 'prometheus';
// Instant queries: the range only has to be there.
const RANGE_SECONDS = 600;

/** The same alerts as rules that Grafana evaluates itself, for where there is no Alertmanager. Prometheus records what they carry on. */
export function grafanaRules(settings: AlertSettings): string {
  const group = (
    name: string,
    interval: string,
    ofGroup: readonly Alert[],
  ): Readonly<Record<string, unknown>> => ({
    orgId: 1,
    name,
    folder: FOLDER,
    interval,
    rules: ofGroup.map((alert) => ruleOf(alert, settings)),
  });
  const all = alerts(settings);
  const groups = [
    group(
      'milepost',
      settings.evaluationInterval,
      all.filter(({ looksBack }) => looksBack !== true),
    ),
    group(
      'milepost-looks-back',
      settings.lookBackInterval,
      all.filter(({ looksBack }) => looksBack === true),
    ),
  ];
  return `${GENERATED}\n${stringify({ apiVersion: 1, groups }, { lineWidth: 0 })}`;
}

function ruleOf(alert: Alert, settings: AlertSettings): Readonly<Record<string, unknown>> {
  return {
    uid: `milepost-${alert.name.toLowerCase()}`,
    title: alert.name,
    condition: 'B',
    data: [
      {
        refId: 'A',
        datasourceUid: DATASOURCE,
        relativeTimeRange: { from: RANGE_SECONDS, to: 0 },
        model: { refId: 'A', expr: alert.expr, instant: true, range: false },
      },
      {
        refId: 'B',
        datasourceUid: '__expr__',
        relativeTimeRange: { from: RANGE_SECONDS, to: 0 },
        // Every series of A is something wrong, whatever its value.
        model: { refId: 'B', type: 'math', expression: 'is_number($A)' },
      },
    ],
    noDataState: 'OK',
    execErrState: 'Error',
    for: alert.holds,
    labels: { severity: alert.severity },
    annotations: Object.fromEntries(
      Object.entries(annotationsOf(alert, settings)).map(([name, text]) => [name, ofGrafana(text)]),
    ),
  };
}

// There `$value` is a text of all values.
function ofGrafana(text: string): string {
  return text.replaceAll('{{ $value', '{{ $values.A.Value');
}
