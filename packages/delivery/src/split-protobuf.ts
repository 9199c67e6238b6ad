import { LENGTH_DELIMITED, readFields, writeLengthDelimited } from './protobuf-wire.ts';
import { RecordRange } from './record-range.ts';
import { type Signal } from './signal.ts';
import { type SplitBody } from './split-body.ts';

/**
 * Where the records of a request are, as field numbers from the outside in; of several on one level, there is one.
 * https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto
 */
const PATHS: Readonly<Record<Signal, readonly (readonly number[])[]>> = {
  // resource, scope, record
  traces: [[1], [2], [2]],
  logs: [[1], [2], [2]],
  // resource, scope, metric, its data (gauge, sum, histogram, exponential_histogram, summary), point
  metrics: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
};

/**
 * Halves an OTLP protobuf message by its records.
 * @returns undefined where there are not two
 * @throws RangeError where it is no protobuf
 */
export function splitProtobuf(
  signal: Signal,
  body: Uint8Array,
): readonly [SplitBody, SplitBody] | undefined {
  const path = PATHS[signal];
  const all = new RecordRange(0, Infinity);
  wanted(body, path, all);
  if (all.seen < 2) return undefined;
  const middle = Math.ceil(all.seen / 2);
  const half = (from: number, to: number): SplitBody => {
    const parts = wanted(body, path, new RecordRange(from, to)) ?? [];
    return { body: Buffer.concat(parts), records: to - from };
  };
  return [half(0, middle), half(middle, all.seen)];
}

/** A message with the wanted records in it, in pieces; undefined where there are none. */
function wanted(
  message: Uint8Array,
  [numbers, ...inner]: readonly (readonly number[])[],
  range: RecordRange,
): readonly Uint8Array[] | undefined {
  if (numbers === undefined) return range.takesNext() ? [message] : undefined;
  let holdsAny = false;
  const pieces = readFields(message).flatMap(({ number, wireType, whole, payload }) => {
    if (wireType !== LENGTH_DELIMITED || !numbers.includes(number)) return whole;
    const part = wanted(payload, inner, range);
    if (part === undefined) return [];
    holdsAny = true;
    return writeLengthDelimited(number, part);
  });
  return holdsAny ? pieces : undefined;
}
