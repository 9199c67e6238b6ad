import { type Attributes } from '@opentelemetry/api';
import {
  ATTR_DURATION_SECONDS,
  ATTR_END_TIME,
  ATTR_ERROR_CATEGORY,
  ATTR_ERROR_MESSAGE,
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_FLAGS,
  ATTR_START_TIME,
  ATTR_STATUS,
  type EndStatus,
  LEVEL_VALUE_ERROR,
  LEVEL_VALUE_INFO,
  LEVEL_VALUE_WARNING,
  type Level,
  STATUS_VALUE_STARTED,
} from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';
import { type Flags } from './flags.ts';
import { isoTime } from './iso-time.ts';

/** Adds what every log record of an end carries. */
export function addEndAttributes(
  attributes: Attributes,
  status: EndStatus,
  startTimeMs: number,
  durationSeconds: number,
  error: ErrorDescription | undefined,
  flags: Flags,
): void {
  attributes[ATTR_STATUS] = status;
  attributes[ATTR_DURATION_SECONDS] = durationSeconds;
  attributes[ATTR_START_TIME] = isoTime(startTimeMs);
  attributes[ATTR_END_TIME] = isoTime(startTimeMs + durationSeconds * 1000);
  if (error !== undefined) Object.assign(attributes, errorAttributes(error));
  addFlags(attributes, flags);
}

/** Adds what every log record of a start carries. */
export function addStartAttributes(
  attributes: Attributes,
  startTimeMs: number,
  flags: Flags,
): void {
  attributes[ATTR_STATUS] = STATUS_VALUE_STARTED;
  attributes[ATTR_START_TIME] = isoTime(startTimeMs);
  addFlags(attributes, flags);
}

/** What a log record tells of an error. */
export function errorAttributes(error: ErrorDescription): Attributes {
  return {
    [ATTR_ERROR_TYPE]: error.type,
    [ATTR_ERROR_MESSAGE]: error.message,
    [ATTR_ERROR_CATEGORY]: error.category,
    ...(error.stack !== undefined && { [ATTR_EXCEPTION_STACKTRACE]: error.stack }),
  };
}

/** Adds the flags, if there are any. */
export function addFlags(attributes: Attributes, flags: Flags): void {
  if (flags.list.length > 0) attributes[ATTR_FLAGS] = [...flags.list];
}

/** The level of the log record of an end. */
export function levelOf(status: EndStatus): Level {
  switch (status) {
    case 'failed':
      return LEVEL_VALUE_ERROR;
    case 'partial':
    case 'cancelled':
      return LEVEL_VALUE_WARNING;
    case 'completed':
    case 'skipped':
      return LEVEL_VALUE_INFO;
    default:
      return status satisfies never;
  }
}
