// Runs in the exit sender too: only builtins may be imported here.

/** One line about an error of the network: its message, or those of the addresses that were tried. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(describeError).join(', ');
  }
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? (errorCode(error) ?? error.name) : error.message;
}

/** The code that Node and the system give errors, such as `ECONNREFUSED`. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
