import { crc32 } from 'node:zlib';
import { type JournalRecord, parseJournalRecord } from '@milepost/semconv/schemas';

const SUFFIX_LENGTH = ',"crc":"00000000"}'.length;
const NEWLINE = 0x0a;

/** A record as the JSON text that {@link journalLine} takes. */
export function journalBody(record: Exclude<JournalRecord, { kind: 'unknown' }>): string {
  return JSON.stringify(record);
}

/**
 * A line of a segment, with its newline: `{"seq":1,…,"crc":"xxxxxxxx"}`.
 * The checksum is CRC-32, in lower-case hex, of every byte of the line before `,"crc"`.
 * @param body a non-empty JSON object as text
 */
export function journalLine(seq: number, body: string): string {
  const checked = `{"seq":${seq},${body.slice(1, -1)}`;
  return `${checked},"crc":"${crc32(checked).toString(16).padStart(8, '0')}"}\n`;
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
  const crc = crc32(line.subarray(0, end)).toString(16).padStart(8, '0');
  if (line.toString('latin1', end) !== `,"crc":"${crc}"}`) return undefined;
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
