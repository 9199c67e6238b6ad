import { inspect } from 'node:util';

/** One line on why something failed, from whatever was thrown, rejected or handed to a callback. Never throws. */
export function describeFailure(reason: unknown): string {
  try {
    if (reason instanceof AggregateError) return reason.errors.map(describeFailure).join('; ');
    if (Array.isArray(reason)) return reason.map(describeFailure).join('; ');
    // An aborted connection says why in its cause.
    if (reason instanceof Error && reason.name === 'AbortError' && reason.cause !== undefined) {
      return describeFailure(reason.cause);
    }
    if (reason instanceof Error) return reason.message === '' ? reason.name : reason.message;
    if (reason === undefined) return 'no reason was given';
    return typeof reason === 'string' ? reason : inspect(reason, { breakLength: Infinity });
  } catch {
    // A reason whose own accessors throw.
    return 'the reason could not be read';
  }
}
