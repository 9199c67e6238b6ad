import { type Meter, type ObservableResult } from '@opentelemetry/api';
import {
  ATTR_REASON,
  ATTR_SIGNAL,
  LOSS_REASON_VALUES,
  METRIC_TELEMETRY_LOST,
  type LossReason,
} from '@milepost/semconv';

/** Records lost, by signal and by reason: a `DeliveryReport` is one, and others may add what is no signal of OpenTelemetry. */
export type LossReport = Readonly<
  Record<string, { readonly lost: Readonly<Partial<Record<LossReason, number>>> }>
>;

/**
 * Exports `pipeline.telemetry.lost` by signal and reason. Every reason is exported from 0 on, so that an alert sees the
 * first record that is lost.
 * @param meter of the meter provider whose reader hands over to the delivery
 * @param source a `Delivery`, or something that reports more than it
 * @returns ends it
 */
export function observeLoss(meter: Meter, source: { report(): LossReport }): () => void {
  const { name, unit, description } = METRIC_TELEMETRY_LOST;
  const counter = meter.createObservableCounter(name, { unit, description });
  const observe = (result: ObservableResult): void => {
    for (const [signal, { lost }] of Object.entries(source.report())) {
      for (const reason of LOSS_REASON_VALUES) {
        result.observe(lost[reason] ?? 0, { [ATTR_SIGNAL]: signal, [ATTR_REASON]: reason });
      }
    }
  };
  counter.addCallback(observe);
  return () => {
    counter.removeCallback(observe);
  };
}
