import { type SpanContext, TraceFlags } from '@opentelemetry/api';
import { type ObjectReader } from './object-reader.ts';

/** A W3C `traceparent` of the version that everybody writes. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NO_ID = /^0+$/;

/** A span context as a W3C `traceparent` (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}

/** The span context that a W3C `traceparent` names; undefined where it names none. */
export function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  if (traceparent === undefined) return undefined;
  const [, traceId = '0', spanId = '0', flags = '00'] = TRACEPARENT.exec(traceparent) ?? [];
  if (NO_ID.test(traceId) || NO_ID.test(spanId)) return undefined;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return { traceId, spanId, traceFlags, isRemote: true };
}

/**
 * Reads a W3C `traceparent`; undefined where there is none.
 * @throws TypeError that says what was expected and what came
 */
export function readTraceparent(from: ObjectReader, key: string): string | undefined {
  return from.read(key, 'a W3C traceparent', asTraceparent, 'optional');
}

function asTraceparent(value: unknown): string | undefined {
  return typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined;
}
