import {
  type Attributes,
  type Context,
  type LogRecord,
  type Logger,
  SeverityNumber,
} from '@opentelemetry/api';
import {
  ATTR_LEVEL,
  LEVEL_VALUE_DEBUG,
  LEVEL_VALUE_ERROR,
  LEVEL_VALUE_INFO,
  LEVEL_VALUE_WARNING,
  type Level,
} from '@milepost/semconv';
import { guarded } from './guard.ts';

const SEVERITIES: Readonly<Record<Level, { number: SeverityNumber; text: string }>> = {
  [LEVEL_VALUE_DEBUG]: { number: SeverityNumber.DEBUG, text: 'DEBUG' },
  [LEVEL_VALUE_INFO]: { number: SeverityNumber.INFO, text: 'INFO' },
  [LEVEL_VALUE_WARNING]: { number: SeverityNumber.WARN, text: 'WARN' },
  [LEVEL_VALUE_ERROR]: { number: SeverityNumber.ERROR, text: 'ERROR' },
};

/**
 * Emits a log record.
 * @param logger the current one; ask for it before making attributes, which nobody may want
 * @param event name of the milestone, which is the body too; a log line of the user's has none
 */
export function emitLog(
  logger: Logger,
  level: Level,
  body: string,
  event: string | undefined,
  context: Context,
  attributes: Attributes,
): void {
  const severity = SEVERITIES[level];
  attributes[ATTR_LEVEL] = level;
  const record: LogRecord = {
    body,
    severityNumber: severity.number,
    severityText: severity.text,
    context,
    attributes,
  };
  if (event !== undefined) record.eventName = event;
  // A processor that throws, throws into the call that emits.
  guarded('emitting a log record', () => logger.emit(record), undefined);
}
