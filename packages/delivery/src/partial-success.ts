import { oneLine } from './answer-message.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { serializerOf } from './serializer.ts';

/** Records that a collector took not, of a request that it took. */
export interface PartialSuccess {
  /** Whole, not negative. */
  readonly rejected: number;
  /** What it said about it, one line; a warning where nothing was rejected. */
  readonly message?: string;
}

const REJECTED_KEYS = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
} as const;

/**
 * Reads the answer of a collector that took a request.
 * https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 *
 * @param contentType that of the answer; without one it is taken to be that of the request
 * @returns undefined where the answer is not readable
 */
export function readPartialSuccess(
  body: Uint8Array,
  contentType: string | undefined,
  request: Pick<OtlpRequest, 'signal' | 'contentType' | 'records'>,
): PartialSuccess | undefined {
  if (body.length === 0) return { rejected: 0 };
  const type = contentType ?? request.contentType;
  try {
    const partial = memberOf(parse(body, type, request.signal), 'partialSuccess');
    const rejected = countOf(memberOf(partial, REJECTED_KEYS[request.signal]), request.records);
    const said = memberOf(partial, 'errorMessage');
    const message = typeof said === 'string' ? oneLine(said) : '';
    return message === '' ? { rejected } : { rejected, message };
  } catch {
    return undefined;
  }
}

/** @throws where it is neither */
function parse(body: Uint8Array, contentType: string, signal: OtlpRequest['signal']): unknown {
  // The SDK's own reader of JSON would warn at each answer that is none, and say nothing to its caller.
  if (contentType.includes('json')) return JSON.parse(new TextDecoder().decode(body));
  if (contentType.includes('protobuf')) {
    return serializerOf(signal, 'http/protobuf').deserializeResponse(body);
  }
  throw new TypeError(`unknown content type ${contentType}`);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** In JSON 64-bit numbers come as strings. */
function countOf(value: unknown, most: number): number {
  const count = typeof value === 'string' || typeof value === 'number' ? Number(value) : 0;
  return Number.isFinite(count) ? Math.min(Math.max(Math.trunc(count), 0), most) : 0;
}
