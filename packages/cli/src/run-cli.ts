import { CommanderError } from 'commander';
import { errorText, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { createProgram } from './program.ts';
import { terminalLines } from './terminal-text.ts';

/**
 * Runs one command of `milepost`. Never throws.
 * @param args as typed after `milepost`
 * @returns the exit code: 0 where all was well, 1 where what was asked for is not there or could not be done, 2 for wrong usage
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    await createProgram(io).parseAsync(args, { from: 'user' });
    return EXIT_OK;
  } catch (error) {
    // The parser has already said what is wrong, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    io.stderr.write(`milepost: ${terminalLines(errorText(error))}\n`);
    return EXIT_FAILED;
  }
}
