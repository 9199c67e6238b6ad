import { messageOf } from './node-error.ts';

/** Stable codes of {@link RegistryError}. */
export const REGISTRY_ERROR_CODES = [
  'invalid_argument',
  'no_stage',
  'outside_root',
  'source_exists',
  'run_not_found',
  'run_running',
  'write_failed',
] as const;
/** A stable code of {@link RegistryError}. */
export type RegistryErrorCode = (typeof REGISTRY_ERROR_CODES)[number];

/** What a direct call of the registry throws. Recording from inside a user's call never throws. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: RegistryErrorCode;

  constructor(code: RegistryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether a value is an error of the registry, also of another copy of this package. */
export function isRegistryError(value: unknown): value is RegistryError {
  return value instanceof Error && value.name === 'RegistryError' && 'code' in value;
}

/** The error for records of a run that could not be written. */
export function notOnDisk(runId: string, cause: unknown, more = ''): RegistryError {
  const message = `run ${runId} is not on disk: ${messageOf(cause)}${more}`;
  return new RegistryError('write_failed', message, { cause });
}
