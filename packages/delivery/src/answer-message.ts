import { LENGTH_DELIMITED, readFields } from './protobuf-wire.ts';

const MAX_MESSAGE_LENGTH = 300;
const UNSAFE = /(?:[\p{Cc}\p{Cs}]|(?![\u200C\u200D])\p{Cf})+/gu;
/** `message` of google.rpc.Status: https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto */
const STATUS_MESSAGE_FIELD = 2;

/**
 * What an answer that is no success says, in one line: the `message` of a google.rpc.Status, as OTLP wants it, else the
 * first line of its text. Empty where it says nothing.
 */
export function answerMessage(body: Uint8Array, contentType: string | undefined): string {
  const type = contentType ?? '';
  const said = type.includes('json')
    ? jsonMessage(body)
    : type.includes('protobuf')
      ? protobufMessage(body)
      : undefined;
  return oneLine(said ?? new TextDecoder().decode(body));
}

/**
 * The first line with something in it, without what drives a terminal or turns text around, at most 300 characters. The
 * two joiners stay: emoji and several scripts need them.
 */
export function oneLine(text: string): string {
  const lines = text
    .split(/[\r\n\u2028\u2029]+/u)
    .map((line) => line.replaceAll(UNSAFE, ' ').trim());
  const line = lines.find((candidate) => candidate !== '') ?? '';
  return line.length > MAX_MESSAGE_LENGTH ? `${line.slice(0, MAX_MESSAGE_LENGTH - 1)}…` : line;
}

function jsonMessage(body: Uint8Array): string | undefined {
  try {
    const status: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof status !== 'object' || status === null || !('message' in status)) return undefined;
    return typeof status.message === 'string' ? status.message : undefined;
  } catch {
    return undefined; // It only calls itself JSON: its text is shown.
  }
}

function protobufMessage(body: Uint8Array): string | undefined {
  try {
    const field = readFields(body).findLast(
      ({ number, wireType }) => number === STATUS_MESSAGE_FIELD && wireType === LENGTH_DELIMITED,
    );
    // What is protobuf but no Status would read as noise.
    return field === undefined ? '' : new TextDecoder().decode(field.payload);
  } catch {
    return undefined; // It only calls itself protobuf: its text is shown.
  }
}
