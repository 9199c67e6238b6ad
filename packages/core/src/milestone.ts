import { type Attributes, type Context, SeverityNumber } from '@opentelemetry/api';
import {
  ATTR_LEVEL,
  LEVEL_VALUE_DEBUG,
  LEVEL_VALUE_ERROR,
  LEVEL_VALUE_INFO,
  LEVEL_VALUE_WARNING,
  type Level,
} from '@milepost/semconv';
import { currentLogger } from './providers.ts';

const SEVERITIES: Readonly<Record<Level, { number: SeverityNumber; text: string }>> = {
  [LEVEL_VALUE_DEBUG]: { number: SeverityNumber.DEBUG, text: 'DEBUG' },
  [LEVEL_VALUE_INFO]: { number: SeverityNumber.INFO, text: 'INFO' },
  [LEVEL_VALUE_WARNING]: { number: SeverityNumber.WARN, text: 'WARN' },
  [LEVEL_VALUE_ERROR]: { number: SeverityNumber.ERROR, text: 'ERROR' },
};

/**
 * Emits a log record. `attributes` is asked for only where somebody takes the record.
 * @param event name of the milestone, which is the body too; a log line of the user's has none
 */
export function emitLog(
  level: Level,
  body: string,
  event: string | undefined,
  context: Context,
  attributes: () => Attributes,
): void {
  const severity = SEVERITIES[level];
  const logger = currentLogger();
  if (!logger.enabled({ severityNumber: severity.number, context })) return;
  const all = attributes();
  all[ATTR_LEVEL] = level;
  logger.emit({
    ...(event !== undefined && { eventName: event }),
    body,
    severityNumber: severity.number,
    severityText: severity.text,
    context,
    attributes: all,
  });
}
