import { diag } from '@opentelemetry/api';

/** Tells whoever listens to OpenTelemetry's diagnostics. The logger is the user's: what it throws is not. */
export function warn(message: string, error?: unknown): void {
  try {
    if (error === undefined) diag.warn(`milepost: ${message}`);
    else diag.warn(`milepost: ${message}`, error);
  } catch {
    // There is nobody left to tell.
  }
}
