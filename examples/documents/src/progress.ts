import { stripVTControlCharacters } from 'node:util';
import { type TelemetryOptions } from '@milepost/node';

type LogRecordProcessor = NonNullable<TelemetryOptions['logRecordProcessors']>[number];
type LogRecord = Parameters<LogRecordProcessor['onEmit']>[0];

/** Where progress is shown: a terminal, where the last line is rewritten, or a file, which gets plain lines. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = '\r\u{1B}[2K';

/**
 * Shows the milestones and log lines of a run while it works: what the pipeline tells its telemetry is its progress.
 * On a terminal one line is rewritten, and only what ended or failed stays.
 */
export function createProgress(stream: ProgressStream): LogRecordProcessor {
  const isTerminal = stream.isTTY === true;
  const show = (line: string, stays: boolean): void => {
    if (!isTerminal) {
      stream.write(`${line}\n`);
      return;
    }
    // One column is left free: a full line would wrap, and could not be cleared.
    const width = Math.max(1, (stream.columns ?? 80) - 1);
    stream.write(stays ? `${CLEAR_LINE}${line}\n` : `${CLEAR_LINE}${line.slice(0, width)}`);
  };
  return {
    onEmit(record) {
      const line = progressLine(record);
      if (line !== undefined) show(line, hasEnded(record));
    },
    async forceFlush() {
      // Lines are written as they come.
    },
    async shutdown() {
      if (isTerminal) stream.write(CLEAR_LINE);
    },
  };
}

/** A log record as a line; undefined for the milestones of the run itself, which the report tells. */
function progressLine(record: LogRecord): string | undefined {
  const { attributes, body, eventName } = record;
  const stage = attributes['stage'];
  if (stage === undefined) return undefined;
  const about = eventName === undefined ? [body] : milestoneParts(attributes, eventName);
  return stripVTControlCharacters([stage, ...about].join(' ')).replace(/\p{Cc}/gu, '?');
}

function milestoneParts(
  attributes: LogRecord['attributes'],
  eventName: string,
): readonly unknown[] {
  const error = [attributes['error.type'], attributes['error.message']].filter(
    (part) => typeof part === 'string',
  );
  const why = error.length === 0 ? [] : [error.join(': ')];
  if (eventName === 'item_failed') return [attributes['item.id'], 'failed:', ...why];
  const seconds = attributes['duration.seconds'];
  const after = typeof seconds === 'number' ? [`after ${seconds.toFixed(1)} s`] : [];
  return [attributes['status'], ...after, ...why];
}

function hasEnded({ eventName }: LogRecord): boolean {
  return eventName !== undefined && !eventName.endsWith('_started');
}
