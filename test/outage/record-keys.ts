import { type Signal } from '../otlp-server/index.ts';
import { logRecordsOf } from '../otlp-server/log-view.ts';
import { metricPointsOf } from '../otlp-server/metric-view.ts';
import {
  type LogsJson,
  type MetricsJson,
  type PlainValue,
  type TracesJson,
} from '../otlp-server/otlp-json.ts';
import { decodeProtobuf } from '../otlp-server/protobuf.ts';
import { spansOf } from '../otlp-server/span-view.ts';

/** The attribute that numbers stages; what has none gives `-`. */
export const NUMBER_ATTRIBUTE = 'n';

/**
 * A text for each record of an OTLP request that no other record has: number, span ID and name of a span, number, span
 * ID and body of a log record, and for a metric point its series and time.
 */
export function recordKeys(signal: Signal, contentType: string, plain: Buffer): string[] {
  const body: unknown = contentType.startsWith('application/json')
    ? JSON.parse(plain.toString('utf8'))
    : decodeProtobuf(signal, plain);
  switch (signal) {
    case 'traces':
      return spansOf(body as TracesJson).map((span) =>
        [span.attributes[NUMBER_ATTRIBUTE] ?? '-', span.spanId, span.name].join('/'),
      );
    case 'logs':
      return logRecordsOf(body as LogsJson).map((record) =>
        [record.attributes[NUMBER_ATTRIBUTE] ?? '-', record.spanId, record.body].join('/'),
      );
    case 'metrics':
      return metricPointsOf(body as MetricsJson).map((point) =>
        [
          point.resource['service.instance.id'],
          point.name,
          seriesOf(point.attributes),
          point.time,
        ].join('/'),
      );
    default:
      throw new Error(`no such signal: ${String(signal satisfies never)}`);
  }
}

function seriesOf(attributes: Readonly<Record<string, PlainValue>>): string {
  const names = Object.keys(attributes).toSorted((one, other) => (one < other ? -1 : 1));
  return JSON.stringify(names.map((name) => [name, attributes[name]]));
}
