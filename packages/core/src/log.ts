import { type Attributes } from '@opentelemetry/api';
import {
  ATTR_FLAGS,
  ATTR_STATUS,
  FLAG_VALUE_FIELD_UNREADABLE,
  LEVEL_VALUE_DEBUG,
  LEVEL_VALUE_ERROR,
  LEVEL_VALUE_INFO,
  LEVEL_VALUE_WARNING,
  type Level,
  MAX_VALUE_BYTES,
  STATUS_VALUE_FAILED,
} from '@milepost/semconv';
import { describeError } from './describe-error.ts';
import { errorAttributes } from './end-attributes.ts';
import { FieldBag } from './field-bag.ts';
import { Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { emitLog } from './milestone.ts';
import { currentLogger } from './providers.ts';
import { activeContext, runningScopeOf } from './scope.ts';
import { truncate } from './truncate.ts';

/** Fields of a log line. An `Error` under the key `error` is told with its type, message, category and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes log lines that carry the run, stage, job and item around them. Never throws. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** The log of whatever run and stage is around the call; works outside a run too. */
export const log: Log = {
  debug: (message, fields) => write(LEVEL_VALUE_DEBUG, message, fields),
  info: (message, fields) => write(LEVEL_VALUE_INFO, message, fields),
  warn: (message, fields) => write(LEVEL_VALUE_WARNING, message, fields),
  error: (message, fields) => write(LEVEL_VALUE_ERROR, message, fields),
};

function write(level: Level, message: unknown, fields: LogFields | undefined): void {
  guarded(
    'a log line',
    () => {
      const logger = currentLogger();
      if (logger === undefined) return;
      const context = activeContext();
      const scope = runningScopeOf(context);
      const body = truncate(
        typeof message === 'string' ? message : String(message),
        MAX_VALUE_BYTES,
      );
      const attributes: Attributes = {
        ...scope?.attributes,
        ...scope?.stageExecution?.base(),
        ...logFields(fields),
      };
      if (level === LEVEL_VALUE_ERROR) attributes[ATTR_STATUS] = STATUS_VALUE_FAILED;
      emitLog(logger, level, body, undefined, context, attributes);
    },
    undefined,
  );
}

function logFields(given: LogFields | undefined): Attributes {
  if (typeof given !== 'object' || given === null) return {};
  const flags = new Flags();
  const fields = new FieldBag(flags);
  let error: Attributes | undefined;
  for (const key of keysOf(given, flags)) {
    const told =
      key === 'error'
        ? guarded('the error of a log line', () => toldError(given[key]), undefined)
        : undefined;
    if (told !== undefined) error = told;
    else fields.add(key, () => given[key]);
  }
  return {
    ...fields.values,
    ...error,
    ...(flags.list.length > 0 && { [ATTR_FLAGS]: [...flags.list] }),
  };
}

function keysOf(given: LogFields, flags: Flags): string[] {
  try {
    return Object.keys(given);
  } catch {
    // A proxy that refuses to be listed: the message counts all the same.
    flags.add(FLAG_VALUE_FIELD_UNREADABLE);
    return [];
  }
}

function toldError(value: unknown): Attributes | undefined {
  return value instanceof Error ? errorAttributes(describeError(value)) : undefined;
}
