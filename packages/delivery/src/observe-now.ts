import { type Attributes, type HrTime, ValueType, diag } from '@opentelemetry/api';
import {
  type Measurements,
  type SdkInstrument,
  type SdkObservableRegistry,
} from './sdk-collector.ts';
import { seriesKey } from './series-key.ts';

/**
 * Calls the observable callbacks of a meter of the SDK, and records what they observe at once. A callback that throws
 * is left out, as the SDK leaves it out; so is one that is asynchronous, because nobody can wait for it.
 */
export function observeNow(registry: SdkObservableRegistry, time: HrTime): void {
  for (const { callback, instrument } of registry._callbacks) {
    const observed = new ObservedMeasurements(instrument);
    const observe = (value: unknown, attributes?: Attributes): void => {
      observed.set(value, attributes);
    };
    observeWith(callback, { observe }, [observed], time);
  }
  for (const { callback, instruments } of registry._batchCallbacks) {
    const all = new Map<unknown, ObservedMeasurements>();
    for (const instrument of instruments) all.set(instrument, new ObservedMeasurements(instrument));
    const observe = (instrument: unknown, value: unknown, attributes?: Attributes): void => {
      all.get(instrument)?.set(value, attributes);
    };
    observeWith(callback, { observe }, all.values(), time);
  }
}

function observeWith(
  callback: (result: unknown) => unknown,
  result: object,
  observed: Iterable<ObservedMeasurements>,
  time: HrTime,
): void {
  try {
    const returned = callback(result);
    if (isThenable(returned)) {
      // Whoever waits for it otherwise handles its rejection too.
      Promise.resolve(returned).catch(() => undefined);
      diag.debug('An asynchronous observable callback is left out of a synchronous collection.');
    } else for (const measurements of observed) measurements.record(time);
  } catch (error) {
    diag.error('An observable callback failed.', error);
  }
}

class ObservedMeasurements implements Measurements {
  readonly #instrument: SdkInstrument;
  readonly #values = new Map<string, readonly [Attributes, number, undefined]>();

  constructor(instrument: SdkInstrument) {
    this.#instrument = instrument;
  }

  set(value: unknown, attributes: Attributes = {}): void {
    const { name, valueType } = this.#instrument._descriptor;
    if (typeof value !== 'number') {
      diag.warn(`non-number value provided to metric ${name}: ${String(value)}`);
      return;
    }
    const measured = valueType === ValueType.INT ? Math.trunc(value) : value;
    if (valueType === ValueType.INT && !Number.isInteger(measured)) return;
    const key = seriesKey(attributes);
    const [first] = this.#values.get(key) ?? [attributes];
    this.#values.set(key, [first, measured, undefined]);
  }

  record(time: HrTime): void {
    if (this.#values.size === 0) return;
    for (const storage of this.#instrument._metricStorages) storage.record(this, time);
  }

  entries(): Iterable<readonly [Attributes, number, undefined]> {
    return this.#values.values();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
