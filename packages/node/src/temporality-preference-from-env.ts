import { diag } from '@opentelemetry/api';
import { getStringFromEnv } from '@opentelemetry/core';
import { TEMPORALITY_PREFERENCE_VALUES, type TemporalityPreference } from '@milepost/delivery';

const VARIABLE = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';
const DEFAULT: TemporalityPreference = 'cumulative';

/** What `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` says, as the SDK's exporter reads it. */
export function temporalityPreferenceFromEnv(): TemporalityPreference {
  const named = (getStringFromEnv(VARIABLE) ?? DEFAULT).toLowerCase();
  const preference = TEMPORALITY_PREFERENCE_VALUES.find((known) => known === named);
  if (preference !== undefined) return preference;
  diag.warn(
    `${VARIABLE} is set to '${named}', but only 'cumulative' and 'delta' are allowed. Using default ('cumulative') instead.`,
  );
  return DEFAULT;
}
