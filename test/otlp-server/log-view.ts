import { type LogsJson, type PlainValue, plainAttributes, plainValue } from './otlp-json.ts';

export interface ReceivedLogRecord {
  readonly body: PlainValue;
  readonly eventName: string | undefined;
  readonly severityNumber: number | undefined;
  readonly severityText: string | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
  readonly attributes: Record<string, PlainValue>;
  readonly scope: string;
  readonly resource: Record<string, PlainValue>;
}

const orUndefined = (text: string | undefined): string | undefined =>
  text === '' ? undefined : text;

export function logRecordsOf(request: LogsJson): ReceivedLogRecord[] {
  return (request.resourceLogs ?? []).flatMap(({ resource, scopeLogs }) =>
    (scopeLogs ?? []).flatMap(({ scope, logRecords }) =>
      (logRecords ?? []).map((record) => ({
        body: plainValue(record.body),
        eventName: orUndefined(record.eventName),
        severityNumber: record.severityNumber,
        severityText: orUndefined(record.severityText),
        traceId: orUndefined(record.traceId),
        spanId: orUndefined(record.spanId),
        time: BigInt(record.timeUnixNano ?? 0),
        attributes: plainAttributes(record.attributes),
        scope: scope?.name ?? '',
        resource: plainAttributes(resource?.attributes),
      })),
    ),
  );
}
