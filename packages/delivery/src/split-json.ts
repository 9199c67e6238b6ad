import { RecordRange } from './record-range.ts';
import { type Signal } from './signal.ts';
import { type SplitBody } from './split-body.ts';

/** Where the records of a request are, as keys from the outside in; of several on one level, there is one. */
const PATHS: Readonly<Record<Signal, readonly (readonly string[])[]>> = {
  traces: [['resourceSpans'], ['scopeSpans'], ['spans']],
  logs: [['resourceLogs'], ['scopeLogs'], ['logRecords']],
  metrics: [
    ['resourceMetrics'],
    ['scopeMetrics'],
    ['metrics'],
    ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'],
    ['dataPoints'],
  ],
};

/**
 * Halves OTLP/JSON by its records.
 * @returns undefined where there are not two
 * @throws SyntaxError where it is no JSON
 */
export function splitJson(
  signal: Signal,
  body: Uint8Array,
): readonly [SplitBody, SplitBody] | undefined {
  const request: unknown = JSON.parse(new TextDecoder().decode(body));
  const path = PATHS[signal];
  const all = new RecordRange(0, Infinity);
  wanted(request, path, all);
  if (all.seen < 2) return undefined;
  const middle = Math.ceil(all.seen / 2);
  const half = (from: number, to: number): SplitBody => {
    const part = wanted(request, path, new RecordRange(from, to));
    return { body: new TextEncoder().encode(JSON.stringify(part)), records: to - from };
  };
  return [half(0, middle), half(middle, all.seen)];
}

/** A copy of a node with the wanted records in it; undefined where there are none. */
function wanted(
  node: unknown,
  [keys, ...inner]: readonly (readonly string[])[],
  range: RecordRange,
): unknown {
  if (keys === undefined) return range.takesNext() ? node : undefined;
  if (typeof node !== 'object' || node === null) return undefined;
  const kept = keys.flatMap((key) => {
    const child: unknown = Reflect.get(node, key);
    const part = Array.isArray(child)
      ? child.map((item) => wanted(item, inner, range)).filter((item) => item !== undefined)
      : wanted(child, inner, range);
    const isEmpty = part === undefined || (Array.isArray(part) && part.length === 0);
    return isEmpty ? [] : [[key, part] as const];
  });
  return kept.length === 0 ? undefined : { ...node, ...Object.fromEntries(kept) };
}
