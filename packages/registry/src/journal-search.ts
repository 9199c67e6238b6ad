import { type JournalRecord } from '@milepost/semconv/schemas';
import { readLines } from './journal-line.ts';

const NEWLINE = 0x0a;

/** Where the line is that holds a byte: without its newline. */
function lineAround(bytes: Buffer, at: number): readonly [from: number, to: number] {
  const end = bytes.indexOf(NEWLINE, at);
  return [bytes.lastIndexOf(NEWLINE, at) + 1, end === -1 ? bytes.length : end];
}

/**
 * Finds records by text that their lines hold, and parses no others: of a hundred lines one is wanted, and to parse one costs as
 * much as to search a hundred. The journal is written without spaces between keys and values, and escapes nothing that
 * need not be.
 */
export class JournalSearch {
  readonly #segments: readonly Buffer[];

  /** @param segments their bytes */
  constructor(segments: readonly Buffer[]) {
    this.#segments = segments;
  }

  /** Every record. */
  *all(): Iterable<JournalRecord> {
    for (const bytes of this.#segments) yield* recordsIn(bytes);
  }

  /**
   * The records of lines that hold any of those texts; others too, where lines stick together or a text stands elsewhere in them.
   * One may come twice.
   * @param also texts of which they hold any besides; none are asked for by default
   */
  *holding(texts: readonly string[], also?: readonly string[]): Iterable<JournalRecord> {
    const wanted = also?.map((text) => Buffer.from(text));
    for (const bytes of this.#segments) {
      for (const text of texts) yield* holding(bytes, Buffer.from(text), wanted);
    }
  }
}

function* recordsIn(bytes: Buffer): Iterable<JournalRecord> {
  for (const { record } of readLines(bytes).lines) yield record;
}

function* holding(
  bytes: Buffer,
  text: Buffer,
  also: readonly Buffer[] | undefined,
): Iterable<JournalRecord> {
  for (let at = bytes.indexOf(text); at !== -1;) {
    const [from, to] = lineAround(bytes, at);
    const line = bytes.subarray(from, to);
    if (also === undefined || also.some((one) => line.includes(one))) yield* recordsIn(line);
    at = bytes.indexOf(text, to);
  }
}
