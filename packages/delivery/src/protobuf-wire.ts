/** One field of a protobuf message, as it lies in the bytes. */
export interface WireField {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. */
  readonly wireType: number;
  /** Tag and all. */
  readonly whole: Uint8Array;
  /** Without tag and length. */
  readonly payload: Uint8Array;
}

/** Wire type of strings, bytes and messages. */
export const LENGTH_DELIMITED = 2;

/**
 * The fields of a protobuf message, in their order, nested messages unread.
 * https://protobuf.dev/programming-guides/encoding/
 *
 * @throws RangeError where the bytes are no message
 */
export function readFields(message: Uint8Array): readonly WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    const wireType = tag.value % 8;
    const [from, end] = extentOf(wireType, message, tag.end);
    if (end > message.length) throw new RangeError(`field at byte ${at} ends after the message`);
    fields.push({
      number: Math.floor(tag.value / 8),
      wireType,
      whole: message.subarray(at, end),
      payload: message.subarray(from, end),
    });
    at = end;
  }
  return fields;
}

/** A field that holds a string, bytes or a message, in parts: its tag and length, then its payload. */
export function writeLengthDelimited(number: number, payload: readonly Uint8Array[]): Uint8Array[] {
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const head = Uint8Array.from([...varint(number * 8 + LENGTH_DELIMITED), ...varint(length)]);
  return [head, ...payload];
}

function extentOf(wireType: number, message: Uint8Array, at: number): [from: number, end: number] {
  switch (wireType) {
    case 0:
      return [at, readVarint(message, at).end];
    case 1:
      return [at, at + 8];
    case LENGTH_DELIMITED: {
      const length = readVarint(message, at);
      return [length.end, length.end + length.value];
    }
    case 5:
      return [at, at + 4];
    default:
      throw new RangeError(`unknown wire type ${wireType} at byte ${at}`);
  }
}

/** Beyond 2^53 the value is inexact, which no tag or length is. */
function readVarint(message: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  for (let at = from, factor = 1; at < from + 10; at++, factor *= 128) {
    const byte = message[at];
    if (byte === undefined) throw new RangeError(`the message ends in a number at byte ${at}`);
    value += (byte % 128) * factor;
    if (byte < 128) return { value, end: at + 1 };
  }
  throw new RangeError(`a number of more than ten bytes at byte ${from}`);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
