import { getStringFromEnv } from '@opentelemetry/core';
import { CONSOLE_FORMATS, type ConsoleFormat } from './console-log-record-processor.ts';
import { TelemetryError } from './telemetry-error.ts';

/**
 * How milestones are printed, if at all: as asked, else as `MILEPOST_CONSOLE` says.
 * @throws TelemetryError `MILEPOST_CONSOLE_FORMAT` where that is none of `pretty`, `json` and `off`
 */
export function consoleFormat(asked: string | undefined): ConsoleFormat | undefined {
  const named = asked ?? getStringFromEnv('MILEPOST_CONSOLE')?.trim() ?? 'off';
  if (named === 'off') return undefined;
  const format = CONSOLE_FORMATS.find((known) => known === named);
  if (format !== undefined) return format;
  const source = asked === undefined ? 'MILEPOST_CONSOLE' : 'the option `console`';
  throw new TelemetryError(
    'MILEPOST_CONSOLE_FORMAT',
    `${source} must be one of ${CONSOLE_FORMATS.join(', ')}, off; it is ${JSON.stringify(named)}`,
  );
}
