import { type Meter, type BatchObservableResult, type Observable } from '@opentelemetry/api';
import {
  ATTR_SIGNAL,
  METRIC_TELEMETRY_SPOOL_AGE,
  METRIC_TELEMETRY_SPOOL_RECORDS,
  METRIC_TELEMETRY_SPOOL_SIZE,
  type MetricDefinition,
} from '@milepost/semconv';
import { type Delivery } from './delivery.ts';

/**
 * Exports what waits on disk: `pipeline.telemetry.spool.records`, `.size` and `.age` by signal, 0 where nothing does. Each
 * process tells of its own requests and of those that it took over, so that the sum over the processes that run counts
 * nothing twice. What a process that has ended told last stands for as long as the backend looks back for a value
 * (Prometheus: five minutes). It is told from memory: no collection looks at the disk.
 *
 * Metrics go to the same collector as what they tell of. While that takes no metrics, these wait too, and of each process
 * little more than the last collection does: what is seen afterwards is what waited then, with its own time.
 * @param meter of the meter provider whose reader hands over to the delivery
 * @param now the present time in milliseconds since the Unix epoch. Default: the clock's
 * @returns ends it
 */
export function observeSpool(
  meter: Meter,
  delivery: Pick<Delivery, 'spooled'>,
  now: () => number = Date.now,
): () => void {
  const gauge = ({ name, unit, description }: MetricDefinition): Observable =>
    meter.createObservableGauge(name, { unit, description });
  const records = gauge(METRIC_TELEMETRY_SPOOL_RECORDS);
  const size = gauge(METRIC_TELEMETRY_SPOOL_SIZE);
  const age = gauge(METRIC_TELEMETRY_SPOOL_AGE);
  const observe = (result: BatchObservableResult): void => {
    const time = now();
    for (const [signal, waiting] of Object.entries(delivery.spooled())) {
      const attributes = { [ATTR_SIGNAL]: signal };
      result.observe(records, waiting.records, attributes);
      result.observe(size, waiting.bytes, attributes);
      // Clocks go back at times, and other machines' may be ahead.
      const ageMs = Math.max(0, time - (waiting.oldest ?? time));
      result.observe(age, ageMs / 1000, attributes);
    }
  };
  const instruments = [records, size, age];
  meter.addBatchObservableCallback(observe, instruments);
  return () => {
    meter.removeBatchObservableCallback(observe, instruments);
  };
}
