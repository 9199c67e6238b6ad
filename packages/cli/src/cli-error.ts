/** Exit code where all was well. */
export const EXIT_OK = 0;
/** Exit code where what was asked for is not there, or could not be done. */
export const EXIT_FAILED = 1;
/** Exit code of a command line that says nothing sensible. */
export const EXIT_USAGE = 2;

/**
 * What a command could not do: `not_found`, something that was asked for is not there; `left`, not everything was sent; `findings`, something
 * is not as it should be. Its
 * message says what was expected, what came and what to do next.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: 'not_found' | 'left' | 'findings';

  constructor(message: string, code: CliError['code'] = 'not_found') {
    super(message);
    this.code = code;
  }
}

/**
 * The text of an error for people. What nobody foresaw comes with its stack, which a report of a bug needs.
 */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? error.message : (error.stack ?? error.message);
}
