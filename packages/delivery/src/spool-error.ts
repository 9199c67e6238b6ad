/** Stable codes of {@link SpoolError}. */
export const SPOOL_ERROR_CODES = [
  'write_failed',
  'spool_full',
  'unsafe_directory',
  'damaged',
  'unknown_version',
  'read_failed',
  'invalid_argument',
] as const;
/** A stable code of {@link SpoolError}. */
export type SpoolErrorCode = (typeof SPOOL_ERROR_CODES)[number];

/**
 * Why the spool did not take a request: the disk refused (`write_failed`, the system's error is the cause), nothing
 * more can be dropped to make room (`spool_full`), every user can write where it lies (`unsafe_directory`); or why it did
 * not give one back: it is not what was written (`damaged`), a later Milepost wrote it (`unknown_version`), the disk
 * refused (`read_failed`, the system's error is the cause).
 */
export class SpoolError extends Error {
  override readonly name = 'SpoolError';
  readonly code: SpoolErrorCode;

  constructor(code: SpoolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether a value is an error of the spool, also of another copy of this package. */
export function isSpoolError(value: unknown): value is SpoolError {
  return value instanceof Error && value.name === 'SpoolError' && 'code' in value;
}
