import { type DashboardPanel } from '../panels.ts';
import { type AnswerRow } from './ask-panel.ts';

/**
 * The names of the fields that Grafana's datasources make of an instant answer: `Time`, its labels, and a value. Prometheus numbers it
 * where a panel has several queries, Loki always (`transformDFToTable` of `@grafana/prometheus`, `makeTableFrames` of Grafana's Loki).
 */
export function fieldsOfAnswer(
  { targets }: DashboardPanel,
  refId: string,
  rows: readonly AnswerRow[],
): readonly string[] {
  const target = targets.find((one) => one.refId === refId);
  const isNumbered = target?.datasource.type === 'loki' || targets.length > 1;
  const labels = new Set(
    rows.flatMap((row) =>
      Object.entries(row.labels).flatMap(([name, value]) => (value === '' ? [] : [name])),
    ),
  );
  return ['Time', ...labels, isNumbered ? `Value #${refId}` : 'Value'];
}
