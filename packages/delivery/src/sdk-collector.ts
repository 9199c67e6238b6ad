import { type Attributes, type HrTime, type ValueType } from '@opentelemetry/api';
import { type InstrumentationScope } from '@opentelemetry/core';
import {
  type MetricData,
  type MetricProducer,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';

/** Measurements of one instrument, by attributes: what the SDK's `AttributeHashMap` gives. */
export interface Measurements {
  /** The third of each is a hash, which the SDK makes itself where there is none. */
  entries(): Iterable<readonly [Attributes, number, string | undefined]>;
}

/** An observable instrument of the SDK. */
export interface SdkInstrument {
  readonly _descriptor: { readonly name: string; readonly valueType: ValueType };
  readonly _metricStorages: readonly {
    record(measurements: Measurements, time: HrTime): void;
  }[];
}

/** The observable callbacks of one meter of the SDK. */
export interface SdkObservableRegistry {
  readonly _callbacks: readonly {
    readonly callback: (result: unknown) => unknown;
    readonly instrument: SdkInstrument;
  }[];
  readonly _batchCallbacks: readonly {
    readonly callback: (result: unknown) => unknown;
    readonly instruments: ReadonlySet<SdkInstrument>;
  }[];
}

/** What the SDK keeps for one meter. */
export interface SdkMeterState {
  readonly _instrumentationScope: InstrumentationScope;
  readonly observableRegistry: SdkObservableRegistry;
  readonly metricStorageRegistry: {
    getStorages(collector: MetricProducer): readonly {
      collect(collector: MetricProducer, time: HrTime): unknown;
    }[];
  };
}

/** What the SDK gives to a metric reader as its `MetricProducer`, as far as collecting needs it. */
export interface SdkCollector extends MetricProducer {
  readonly _sharedState: {
    readonly resource: ResourceMetrics['resource'];
    readonly meterSharedStates: ReadonlyMap<string, SdkMeterState>;
  };
}

/** Whether a metric producer is built as that of the SDK that this was written for, down to each callback. */
export function isSdkCollector(producer: MetricProducer): producer is SdkCollector {
  const shared = member(producer, '_sharedState');
  const meters = member(shared, 'meterSharedStates');
  return (
    isObject(member(shared, 'resource')) &&
    meters instanceof Map &&
    Array.from(meters.values()).every(isMeterState)
  );
}

/** Whether what a storage of the SDK gives is metric data; it gives undefined where nothing was measured. */
export function isMetricData(value: unknown): value is MetricData {
  return isObject(member(value, 'descriptor')) && Array.isArray(member(value, 'dataPoints'));
}

function isMeterState(value: unknown): boolean {
  const observables = member(value, 'observableRegistry');
  return (
    typeof member(member(value, '_instrumentationScope'), 'name') === 'string' &&
    hasMethod(member(value, 'metricStorageRegistry'), 'getStorages') &&
    isListOf(member(observables, '_callbacks'), isCallback) &&
    isListOf(member(observables, '_batchCallbacks'), isBatchCallback)
  );
}

function isCallback(value: unknown): boolean {
  return hasMethod(value, 'callback') && isInstrument(member(value, 'instrument'));
}

function isBatchCallback(value: unknown): boolean {
  const instruments = member(value, 'instruments');
  return (
    hasMethod(value, 'callback') &&
    instruments instanceof Set &&
    Array.from(instruments).every(isInstrument)
  );
}

function isInstrument(value: unknown): boolean {
  return (
    typeof member(member(value, '_descriptor'), 'name') === 'string' &&
    isListOf(member(value, '_metricStorages'), (storage) => hasMethod(storage, 'record'))
  );
}

function isListOf(value: unknown, isElement: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((element) => isElement(element));
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof member(value, name) === 'function';
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? Reflect.get(value, name) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
