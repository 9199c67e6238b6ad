import { diag } from '@opentelemetry/api';
import { type InstrumentationScope } from '@opentelemetry/core';
import { type LogRecordProcessor, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { SCOPE_NAME } from '@milepost/semconv';
import { jsonLine } from './json-line.ts';
import { createPrettyFormat } from './pretty-line.ts';

/** The ways in which milestones and `log` lines can be printed. */
export const CONSOLE_FORMATS = ['pretty', 'json'] as const;
/** How milestones and `log` lines are printed: for people, or one JSON object a line. */
export type ConsoleFormat = (typeof CONSOLE_FORMATS)[number];

/** Where lines are printed to. */
export interface LineStream {
  write(text: string): unknown;
}

/**
 * Prints milestones and the lines of `log` as they happen, for those who have no collector to look into. Log records
 * of other libraries are not printed: those libraries print them themselves.
 */
export class ConsoleLogRecordProcessor implements LogRecordProcessor {
  readonly #format: (record: ReadableLogRecord) => string;
  readonly #stream: LineStream;

  /** @param stream where the lines go. Default: stderr, so that the program's own output stays its own. */
  constructor(format: ConsoleFormat, stream: LineStream & NodeJS.WritableStream = process.stderr) {
    this.#format = format === 'json' ? jsonLine : createPrettyFormat(stream);
    this.#stream = stream;
  }

  onEmit(record: ReadableLogRecord): void {
    if (record.instrumentationScope.name !== SCOPE_NAME) return;
    try {
      this.#stream.write(`${this.#format(record)}\n`);
    } catch (error) {
      // What a processor throws, `emit` would throw into the user's code.
      diag.error('milepost: a log record could not be printed', error);
    }
  }

  enabled(options: { readonly instrumentationScope: InstrumentationScope }): boolean {
    return options.instrumentationScope.name === SCOPE_NAME;
  }

  async forceFlush(): Promise<void> {
    // Lines are written as they come.
  }

  async shutdown(): Promise<void> {
    // The stream is not ours to end.
  }
}
