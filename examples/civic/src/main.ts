import { CommanderError } from 'commander';
import { parseArguments } from './parse-arguments.ts';
import { runCivic } from './run-civic.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
// 128 and the number of the signal, as shells have it.
const EXIT_CODES_OF_SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

const interrupt = new AbortController();
let exitCodeOfSignal: number | undefined;
for (const [signal, exitCode] of Object.entries(EXIT_CODES_OF_SIGNALS)) {
  // Once: a second signal ends the program as if nobody listened.
  process.once(signal, () => {
    exitCodeOfSignal = exitCode;
    interrupt.abort();
  });
}

try {
  const succeeded = await runCivic(parseArguments(process.argv.slice(2)), interrupt.signal);
  if (!succeeded) process.exitCode = EXIT_FAILED;
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // Commander has printed its errors.
  if (exitCodeOfSignal !== undefined) process.stderr.write('Interrupted.\n');
  else if (!(error instanceof CommanderError)) process.stderr.write(`${messageOf(error)}\n`);
}

function exitCodeOf(error: unknown): number {
  if (exitCodeOfSignal !== undefined) return exitCodeOfSignal;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  return EXIT_FAILED;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
