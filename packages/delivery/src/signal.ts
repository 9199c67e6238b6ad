/** The signals of OpenTelemetry, as OTLP's paths name them. */
export const SIGNAL_VALUES = ['traces', 'logs', 'metrics'] as const;
/** A signal of OpenTelemetry. */
export type Signal = (typeof SIGNAL_VALUES)[number];
