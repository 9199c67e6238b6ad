import { type SignalSerializers } from '@milepost/delivery';
import { type RepairedSpan } from '@milepost/registry';
import {
  ATTR_DURATION_SECONDS,
  ATTR_END_TIME,
  ATTR_ERROR_CATEGORY,
  ATTR_ERROR_MESSAGE,
  ATTR_LEVEL,
  ATTR_PIPELINE_UNIT,
  ATTR_START_TIME,
  type EndStatus,
  LEVEL_VALUE_ERROR,
  LEVEL_VALUE_INFO,
  LEVEL_VALUE_WARNING,
  SCOPE_NAME,
  runEndedEvent,
  stageEndedEvent,
} from '@milepost/semconv';
import { type RepairResources } from './repair-resources.ts';
import { isoTime } from './time-text.ts';
import { VERSION } from './version.ts';

/** A span as the SDK's serialiser takes it. */
export type SpanRecord = Parameters<SignalSerializers['traces']['serializeRequest']>[0][number];
/** A log record as the SDK's serialiser takes it. */
export type LogRecord = Parameters<SignalSerializers['logs']['serializeRequest']>[0][number];

const SCOPE = { name: SCOPE_NAME, version: VERSION };
const SAMPLED = 1;
/** SpanKind.INTERNAL, SpanStatusCode.UNSET and ERROR of the OpenTelemetry API. */
const INTERNAL = 0;
const UNSET = 0;
const ERROR = 2;

/** SeverityNumber of the OpenTelemetry API, its text and our level, by how something ended. */
function severityOf(status: EndStatus): {
  readonly number: 9 | 13 | 17;
  readonly text: string;
  readonly level: string;
} {
  switch (status) {
    case 'failed':
      return { number: 17, text: 'ERROR', level: LEVEL_VALUE_ERROR };
    case 'partial':
    case 'cancelled':
      return { number: 13, text: 'WARN', level: LEVEL_VALUE_WARNING };
    case 'completed':
    case 'skipped':
      return { number: 9, text: 'INFO', level: LEVEL_VALUE_INFO };
    default:
      return status satisfies never;
  }
}

function hrTime(timeMs: number): [number, number] {
  const seconds = Math.floor(timeMs / 1000);
  const nanoseconds = Math.min(999_999_999, Math.round((timeMs - seconds * 1000) * 1e6));
  return [seconds, nanoseconds];
}

/** The span as its process would have ended it, with its own ID and times. */
export function spanRecord(span: RepairedSpan, resources: RepairResources): SpanRecord {
  const { traceId, spanId, parentSpanId, startTime, endTime, error, status } = span;
  const context = { traceId, spanId, traceFlags: SAMPLED };
  return {
    name: span.name,
    kind: INTERNAL,
    spanContext: () => context,
    ...(parentSpanId !== undefined && {
      parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: SAMPLED },
    }),
    startTime: hrTime(startTime),
    endTime: hrTime(endTime),
    duration: hrTime(endTime - startTime),
    status:
      status === 'failed' ? { code: ERROR, message: error?.error_message ?? '' } : { code: UNSET },
    attributes: { ...span.attributes },
    links: [],
    events: [],
    ended: true,
    resource: resources.of(span.repaired),
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/**
 * The milestone as its process would have logged it: `ocr_failed`, at the time of the end.
 * @param now when it was made, in milliseconds since the Unix epoch
 */
export function logRecord(span: RepairedSpan, resources: RepairResources, now: number): LogRecord {
  const { unit, name, status, startTime, endTime, error, traceId, spanId } = span;
  const { [ATTR_PIPELINE_UNIT]: _, ...attributes } = span.attributes;
  const severity = severityOf(status);
  // A run is never skipped.
  const ofRun = status === 'skipped' ? 'completed' : status;
  const event = unit === 'run' ? runEndedEvent(ofRun) : stageEndedEvent(name, status);
  return {
    hrTime: hrTime(endTime),
    hrTimeObserved: hrTime(now),
    spanContext: { traceId, spanId, traceFlags: SAMPLED },
    severityNumber: severity.number,
    severityText: severity.text,
    body: event,
    eventName: event,
    resource: resources.of(span.repaired),
    instrumentationScope: SCOPE,
    attributes: {
      ...attributes,
      [ATTR_LEVEL]: severity.level,
      [ATTR_DURATION_SECONDS]: (endTime - startTime) / 1000,
      [ATTR_START_TIME]: isoTime(startTime),
      [ATTR_END_TIME]: isoTime(endTime),
      ...(error !== undefined && {
        [ATTR_ERROR_MESSAGE]: error.error_message,
        [ATTR_ERROR_CATEGORY]: error.error_category,
      }),
    },
    droppedAttributesCount: 0,
  };
}
