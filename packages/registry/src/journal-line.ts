import { crc32 } from 'node:zlib';
import { type JournalRecord, parseJournalRecord } from '@milepost/semconv/schemas';

const SUFFIX_LENGTH = ',"crc":"00000000"}'.length;
const NEWLINE = 0x0a;

/** A record as the JSON text that {@link journalLine} takes. */
export function journalBody(record: Exclude<JournalRecord, { kind: 'unknown' }>): string {
  return JSON.stringify(record);
}

/** Most bytes that a line has besides those of its body. */
const FRAME_BYTES = 48;
/** Most bytes of one UTF-16 unit in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

/**
 * Lines of a segment, each with its newline: `{"seq":1,…,"crc":"xxxxxxxx"}`.
 * The checksum is CRC-32, in lower-case hex, of every byte of the line before `,"crc"`.
 * @param firstSeq the sequence number of the first line
 * @param bodies non-empty JSON objects as text
 */
export function journalLines(firstSeq: number, bodies: readonly string[]): Buffer {
  let size = 0;
  for (const body of bodies) size += body.length * MAX_BYTES_PER_UNIT + FRAME_BYTES;
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  let seq = firstSeq;
  // The end of one line is written with the beginning of the next: each write of a string costs.
  let end = '';
  for (const body of bodies) {
    const start = length + end.length;
    length += bytes.write(`${end}{"seq":${seq},${body.slice(1, -1)}`, length);
    end = `,"crc":"${checksum(bytes.subarray(start, length))}"}\n`;
    seq += 1;
  }
  length += bytes.write(end, length);
  return bytes.subarray(0, length);
}

/** What a line of a segment holds. */
export interface ReadLine {
  readonly seq: number;
  readonly record: JournalRecord;
}

/** Parses a line without its newline; undefined where it is not whole. */
function readLine(line: Buffer): ReadLine | undefined {
  const end = line.length - SUFFIX_LENGTH;
  if (end <= 0) return undefined;
  if (line.toString('latin1', end) !== `,"crc":"${checksum(line.subarray(0, end))}"}`)
    return undefined;
  try {
    const value: unknown = JSON.parse(`${line.toString('utf8', 0, end)}}`);
    if (typeof value !== 'object' || value === null || !('seq' in value)) return undefined;
    const { seq, ...rest } = value;
    return typeof seq === 'number' ? { seq, record: parseJournalRecord(rest) } : undefined;
  } catch {
    // Whole by its checksum and yet no record: counted as damaged by the caller.
    return undefined;
  }
}

/** What a part of a segment holds. */
export interface ReadLines {
  readonly lines: readonly ReadLine[];
  /** How many bytes were whole lines: reading goes on there. */
  readonly consumed: number;
  /** Lines whose checksum is wrong, or that hold no record. */
  readonly damaged: number;
}

/** Parses all lines that end with a newline. What follows the last newline is still being written, or torn. */
export function readLines(bytes: Buffer): ReadLines {
  const lines: ReadLine[] = [];
  let damaged = 0;
  let from = 0;
  for (;;) {
    const to = bytes.indexOf(NEWLINE, from);
    if (to === -1) return { lines, consumed: from, damaged };
    const line = readLine(bytes.subarray(from, to));
    if (line === undefined) damaged += 1;
    else lines.push(line);
    from = to + 1;
  }
}
