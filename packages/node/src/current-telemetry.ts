import { type Telemetry } from './telemetry.ts';

/** What all copies of this package in one process know of each other. */
export interface TelemetrySlot {
  telemetry: Telemetry | undefined;
  /** Whether an earlier telemetry left its context manager and propagator behind. */
  leftContext: boolean;
}

const KEY = Symbol.for('@milepost/node/1');

/** The slot of this process. It lies under a registered symbol, where every installed copy of this package looks. */
export function telemetrySlot(): TelemetrySlot {
  const existing: unknown = Reflect.get(globalThis, KEY);
  if (isSlot(existing)) return existing;
  const created: TelemetrySlot = { telemetry: undefined, leftContext: false };
  Reflect.set(globalThis, KEY, created);
  return created;
}

/** The telemetry that runs in this process, whoever started it: `@milepost/node/register` for example. */
export function currentTelemetry(): Telemetry | undefined {
  return telemetrySlot().telemetry;
}

function isSlot(value: unknown): value is TelemetrySlot {
  return (
    typeof value === 'object' && value !== null && 'telemetry' in value && 'leftContext' in value
  );
}
