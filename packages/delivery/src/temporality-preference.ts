import {
  AggregationTemporality,
  type AggregationTemporalitySelector,
  InstrumentType,
} from '@opentelemetry/sdk-metrics';

/** What `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` may say, in any case. */
export const TEMPORALITY_PREFERENCE_VALUES = ['cumulative', 'delta', 'lowmemory'] as const;
/** One of {@link TEMPORALITY_PREFERENCE_VALUES}. */
export type TemporalityPreference = (typeof TEMPORALITY_PREFERENCE_VALUES)[number];

const DELTA_INSTRUMENTS: Readonly<Record<TemporalityPreference, ReadonlySet<InstrumentType>>> = {
  cumulative: new Set(),
  delta: new Set([
    InstrumentType.COUNTER,
    InstrumentType.OBSERVABLE_COUNTER,
    InstrumentType.GAUGE,
    InstrumentType.OBSERVABLE_GAUGE,
    InstrumentType.HISTOGRAM,
  ]),
  lowmemory: new Set([InstrumentType.COUNTER, InstrumentType.HISTOGRAM]),
};

/**
 * The temporality of each kind of instrument, as the OTLP metric exporters choose it.
 * https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/
 */
export function temporalitySelector(
  preference: TemporalityPreference,
): AggregationTemporalitySelector {
  const deltas = DELTA_INSTRUMENTS[preference];
  return (instrumentType) =>
    deltas.has(instrumentType) ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
}
