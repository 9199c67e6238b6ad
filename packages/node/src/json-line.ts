import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { labelOf } from '@milepost/semconv';

/**
 * A log record as one line of JSON: `time`, `level`, `message`, its attributes under the labels that Loki has for
 * them (`run_id`, `stage`, ...), `trace_id` and `span_id`.
 */
export function jsonLine(record: ReadableLogRecord): string {
  const line: Record<string, unknown> = {
    time: new Date(hrTimeToMilliseconds(record.hrTime)).toISOString(),
    level: record.attributes['level'] ?? record.severityText?.toLowerCase(),
    message: record.body,
    trace_id: record.spanContext?.traceId,
    span_id: record.spanContext?.spanId,
  };
  for (const [name, value] of Object.entries(record.attributes)) {
    const label = labelOf(name);
    if (label !== 'level') line[Object.hasOwn(line, label) ? `user_${label}` : label] = value;
  }
  return JSON.stringify(line);
}
