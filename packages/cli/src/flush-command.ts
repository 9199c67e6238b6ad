import { type Command } from 'commander';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { flushJson } from './flush-json.ts';
import { type FlushResult, flushSpool } from './flush-spool.ts';
import { countsOf, allRecordsText, numberText } from './record-counts.ts';
import { renderFlush } from './render-flush.ts';
import { SPOOL_OPTION } from './spool-command.ts';
import { parseTimeout } from './timeout-option.ts';

const EXAMPLES = `
Examples:
  milepost flush
  milepost flush --root /srv/civic/data --timeout 120
  OTEL_EXPORTER_OTLP_ENDPOINT=https://collector:4318 milepost flush --dead-letters

It goes to the address that OTEL_EXPORTER_OTLP_ENDPOINT names, or that of a signal
(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, ...), else to the one for which it waits. Headers, certificates and
compression come from OTEL_EXPORTER_OTLP_* too. What a running process holds, that process sends.`;

const DEFAULT_TIMEOUT_MS = 30_000;

interface FlushFlags {
  readonly spool?: string;
  readonly deadLetters?: boolean;
  readonly timeout?: number;
}

/**
 * @param spoolCommand says what waits in a spool
 * @throws {CliError} where not everything was sent
 */
function assertAllSent(
  results: readonly FlushResult[],
  spoolCommand: (directory: string) => string,
): void {
  const left = results.flatMap((result) => result.left);
  if (left.length > 0) {
    const places = results.filter((result) => result.left.length > 0);
    throw new CliError(
      [
        `not everything was sent: ${allRecordsText(countsOf(left))} left`,
        ...places.map(({ directory }) => `${spoolCommand(directory)} tells what waits.`),
      ].join('\n'),
      'left',
    );
  }
  const places = results.filter(({ signals }) => signals.some(({ refused }) => refused > 0));
  if (places.length === 0) return;
  const refused = places.flatMap(({ signals }) =>
    signals.map(({ signal, refused: records }) => ({ signal, records })),
  );
  throw new CliError(
    [
      `not everything was taken: ${allRecordsText(countsOf(refused))} refused`,
      ...places.map(({ directory }) => `${spoolCommand(directory)} tells why.`),
    ].join('\n'),
    'left',
  );
}

/** Adds `milepost flush`: sends telemetry that processes left which are gone. */
export function addFlushCommand(program: Command, io: CliIo): void {
  program
    .command('flush')
    .summary('send telemetry that was left on disk')
    .description('Send telemetry to its collector that processes left on disk which are gone.')
    .option(...SPOOL_OPTION)
    .option('--dead-letters', 'send once more what was set aside, however old')
    .option('--timeout <seconds>', 'give up after so long (default: 30)', parseTimeout)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: FlushFlags, command: Command) => {
      const context = new CommandContext(io, command);
      const results: FlushResult[] = [];
      for (const directory of context.spoolDirectories(flags.spool)) {
        results.push(
          await flushSpool(directory, {
            env: context.environment,
            timeoutMs: flags.timeout ?? DEFAULT_TIMEOUT_MS,
            withDeadLetters: flags.deadLetters === true,
            onProgress: (sent) => context.showProgress(`sent ${numberText(sent)} records …`),
          }),
        );
      }
      context.showProgress('');
      if (context.wantsJson) context.writeJson(flushJson(results));
      else {
        const worthTelling = results.filter(
          ({ signals, left, restored }) => signals.length + left.length + restored > 0,
        );
        const { paint } = context.drawing;
        const told = worthTelling.length === 0 ? results : worthTelling;
        context.writeLines(told.flatMap((result) => renderFlush(result, paint)));
      }
      assertAllSent(results, (directory) => context.spoolCommandLine('spool', [], directory));
    });
}
