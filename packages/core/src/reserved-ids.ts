import { globalState } from './global-state.ts';

interface ReservedIds {
  spanId: string | undefined;
  traceId: string | undefined;
}

const slot = globalState('reserved-ids', (): ReservedIds => ({
  spanId: undefined,
  traceId: undefined,
}));

/**
 * Runs `startSpan` while the next span's IDs are fixed, or only its own where the trace may be any. `startSpan` is synchronous, so no other span can take them.
 * An SDK without an ID generator that asks {@link takeReservedSpanId} gives random IDs: compare the span's context.
 */
export function withReservedIds<T>(
  traceId: string | undefined,
  spanId: string,
  startSpan: () => T,
): T {
  slot.traceId = traceId;
  slot.spanId = spanId;
  try {
    return startSpan();
  } finally {
    slot.traceId = undefined;
    slot.spanId = undefined;
  }
}

/** For ID generators: the span ID that the span being started shall have, once. */
export function takeReservedSpanId(): string | undefined {
  const { spanId } = slot;
  slot.spanId = undefined;
  return spanId;
}

/** For ID generators: the trace ID that the span being started shall have, once. */
export function takeReservedTraceId(): string | undefined {
  const { traceId } = slot;
  slot.traceId = undefined;
  return traceId;
}
