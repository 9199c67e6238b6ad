/** What can be wrong with a start of telemetry. */
export type TelemetryErrorCode =
  | 'MILEPOST_TELEMETRY_RUNNING'
  | 'MILEPOST_SDK_REGISTERED'
  | 'MILEPOST_CONSOLE_FORMAT'
  | 'MILEPOST_TELEMETRY_OPTIONS';

/** Thrown where telemetry cannot be started as asked. Recognised by its `code`. */
export class TelemetryError extends Error {
  override readonly name = 'TelemetryError';
  readonly code: TelemetryErrorCode;

  constructor(code: TelemetryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether something thrown is a {@link TelemetryError}, of whichever installed copy of this package. */
export function isTelemetryError(error: unknown): error is TelemetryError {
  return error instanceof Error && error.name === 'TelemetryError' && 'code' in error;
}
