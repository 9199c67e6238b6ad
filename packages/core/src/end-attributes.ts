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
  type Flag,
  LEVEL_VALUE_ERROR,
  LEVEL_VALUE_INFO,
  LEVEL_VALUE_WARNING,
  type Level,
} from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';

/** What every log record of an end carries. */
export function endAttributes(
  status: EndStatus,
  startTimeMs: number,
  durationSeconds: number,
  error: ErrorDescription | undefined,
  flags: ReadonlySet<Flag>,
): Attributes {
  const attributes: Attributes = {
    [ATTR_STATUS]: status,
    [ATTR_DURATION_SECONDS]: durationSeconds,
    [ATTR_START_TIME]: new Date(startTimeMs).toISOString(),
    [ATTR_END_TIME]: new Date(startTimeMs + durationSeconds * 1000).toISOString(),
  };
  if (error !== undefined) Object.assign(attributes, errorAttributes(error));
  if (flags.size > 0) attributes[ATTR_FLAGS] = [...flags];
  return attributes;
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

/** The flags as an attribute, if there are any. */
export function flagsAttribute(flags: ReadonlySet<Flag>): Attributes | undefined {
  return flags.size === 0 ? undefined : { [ATTR_FLAGS]: [...flags] };
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
