/**
 * What went wrong, as a stable code.
 *
 * - `RUN_ID_INVALID`: the text cannot be a run ID (type, length, characters)
 * - `RUN_ID_TAKEN`: the text is well formed, but the name is kept for something else (`latest`, `nul`)
 * - `RUN_ID_ARGUMENT`: another argument does not fit (a time, a time zone, a client, an attempt)
 * - `RUN_ID_NOT_CONVERTIBLE`: the run ID has no equivalent in the format asked for
 * - `RUN_ID_UNCLAIMED`: no free second was found in the attempts allowed
 * - `RUN_ID_CLAIM_FAILED`: the claim could not be made, `cause` has the file system's error
 */
export const RUN_ID_ERROR_CODES = [
  'RUN_ID_INVALID',
  'RUN_ID_TAKEN',
  'RUN_ID_ARGUMENT',
  'RUN_ID_NOT_CONVERTIBLE',
  'RUN_ID_UNCLAIMED',
  'RUN_ID_CLAIM_FAILED',
] as const;

/** What a {@link RunIdError} is about. */
export type RunIdErrorCode = (typeof RUN_ID_ERROR_CODES)[number];

/** The one error of this package. Its message says what was expected and what came. */
export class RunIdError extends Error {
  override readonly name = 'RunIdError';
  readonly code: RunIdErrorCode;

  constructor(code: RunIdErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `value` is a `RunIdError`, also one from another copy of this package or another realm. */
export function isRunIdError(value: unknown): value is RunIdError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    value.name === 'RunIdError' &&
    'message' in value &&
    'code' in value &&
    RUN_ID_ERROR_CODES.some((code) => code === value.code)
  );
}
