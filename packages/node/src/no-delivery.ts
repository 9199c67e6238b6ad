import { type DeliveryReport, type SignalDelivery } from '@milepost/delivery';

const NOTHING: SignalDelivery = {
  delivered: 0,
  inMemory: 0,
  spooled: 0,
  oldest: undefined,
  lost: {},
  error: undefined,
  spoolError: undefined,
};

/** The report where nothing goes over OTLP/HTTP. */
export const NO_DELIVERY: DeliveryReport = { traces: NOTHING, logs: NOTHING, metrics: NOTHING };
