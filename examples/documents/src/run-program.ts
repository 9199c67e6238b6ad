const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
// 128 and the number of the signal, as shells have it.
const EXIT_CODES_OF_SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs an example as the program that this process is: a first SIGINT or SIGTERM aborts its signal, an error is said in one
 * line, and the exit code tells how it ended.
 *
 * @param work gets the command line without the program's own name, and may say with `false` that it failed
 */
export async function runProgram(
  work: (argv: readonly string[], signal: AbortSignal) => Promise<boolean | void>,
): Promise<void> {
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
    if ((await work(process.argv.slice(2), interrupt.signal)) === false) {
      process.exitCode = EXIT_FAILED;
    }
  } catch (error) {
    process.exitCode = exitCodeOfSignal ?? exitCodeOf(error);
    // Commander has printed its errors.
    if (exitCodeOfSignal !== undefined) process.stderr.write('Interrupted.\n');
    else if (!isOfCommander(error)) process.stderr.write(`${messageOf(error)}\n`);
  }
}

function exitCodeOf(error: unknown): number {
  if (!isOfCommander(error)) return EXIT_FAILED;
  return error.exitCode === 0 ? 0 : EXIT_USAGE;
}

// By its code, as each program may have a copy of its own.
function isOfCommander(error: unknown): error is Error & { readonly exitCode: unknown } {
  return (
    error instanceof Error &&
    'exitCode' in error &&
    'code' in error &&
    String(error.code).startsWith('commander.')
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
