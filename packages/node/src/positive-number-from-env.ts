import { diag } from '@opentelemetry/api';
import { getNumberFromEnv } from '@opentelemetry/core';

/** A number greater than 0 from an environment variable; undefined, with a warning, where it is none. */
export function positiveNumberFromEnv(variable: string): number | undefined {
  const value = getNumberFromEnv(variable);
  if (value === undefined || value > 0) return value;
  diag.warn(`${variable} (${value}) is invalid, expected number greater than 0, using default.`);
  return undefined;
}
