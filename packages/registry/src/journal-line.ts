import { crc32 } from 'node:zlib';
import { type JournalRecord, parseJournalRecord } from '@milepost/semconv/schemas';

const SUFFIX_LENGTH = ',"crc":"00000000"}'.length;
const NEWLINE = 0x0a;
/** How each line begins. */
const BEGIN = '{"seq":';

/** A record as the JSON text that {@link journalLine} takes. */
export function journalBody(record: Exclude<JournalRecord, { kind: 'unknown' }>): string {
  return JSON.stringify(record);
}

/** How each line ends. The zeros are in the place of the checksum. */
const END = ',"crc":"00000000"}\n';
const CRC_AT = END.indexOf('0');
const HEX_DIGITS = Buffer.from('0123456789abcdef');

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

/** Writes what {@link checksum} gives for a line in the place of its zeros. */
function writeChecksum(bytes: Buffer, from: number, end: number): void {
  let rest = crc32(bytes.subarray(from, end));
  for (let at = end + CRC_AT + 7; at >= end + CRC_AT; at -= 1) {
    bytes[at] = HEX_DIGITS[rest & 15] ?? 0;
    rest >>>= 4;
  }
}

/**
 * Lines of a segment, each with its newline: `{"seq":1,…,"crc":"xxxxxxxx"}`.
 * The checksum is CRC-32, in lower-case hex, of every byte of the line before `,"crc"`.
 * @param firstSeq the sequence number of the first line
 * @param bodies non-empty JSON objects as text
 */
export function journalLines(firstSeq: number, bodies: readonly string[]): Buffer {
  // All of it becomes bytes at once: each string that is written by itself costs as much as a record.
  let text = '';
  let seq = firstSeq;
  for (const body of bodies) {
    text += `${BEGIN}${seq},${body.slice(1, -1)}${END}`;
    seq += 1;
  }
  const bytes = Buffer.from(text, 'utf8');
  let from = 0;
  // JSON escapes every newline: those that are there end lines.
  for (let to = bytes.indexOf(NEWLINE); to !== -1; to = bytes.indexOf(NEWLINE, from)) {
    writeChecksum(bytes, from, to + 1 - END.length);
    from = to + 1;
  }
  return bytes;
}

/** What a line of a segment holds. */
export interface ReadLine {
  readonly seq: number;
  readonly record: JournalRecord;
}

/** Whether a line without its newline is whole by its checksum. */
export function isWholeLine(line: Buffer): boolean {
  const end = line.length - SUFFIX_LENGTH;
  if (end <= 0) return false;
  const suffix = line.toString('latin1', end);
  return suffix.startsWith(',"crc":"') && suffix === `,"crc":"${checksum(line.subarray(0, end))}"}`;
}

/** Parses a line without its newline; undefined where it is not whole. */
function readLine(line: Buffer): ReadLine | undefined {
  if (!isWholeLine(line)) return undefined;
  const end = line.length - SUFFIX_LENGTH;
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

/**
 * Finds whole lines that stick together, as the newline between them is damaged.
 * @returns how many bytes of the line they are, with the byte in the place of each newline
 */
function readStuckLines(line: Buffer, lines: ReadLine[]): number {
  let from = 0;
  for (let at = line.indexOf(BEGIN, 1); at !== -1; at = line.indexOf(BEGIN, at + 1)) {
    const stuck = readLine(line.subarray(from, at - 1));
    if (stuck === undefined) continue;
    lines.push(stuck);
    from = at;
  }
  const last = readLine(line.subarray(from)) ?? readLine(line.subarray(from, -1));
  if (last === undefined) return from;
  lines.push(last);
  return line.length;
}

/**
 * Parses every line that is whole by its checksum: no other can be told from a record that nobody wrote. A damaged line
 * costs no other one. What follows the last newline may still be being written: it is read where it is whole.
 */
export function readLines(bytes: Buffer): ReadLines {
  const lines: ReadLine[] = [];
  let damaged = 0;
  let from = 0;
  for (;;) {
    const to = bytes.indexOf(NEWLINE, from);
    const rest = bytes.subarray(from, to === -1 ? bytes.length : to);
    const line = readLine(rest);
    if (line !== undefined) lines.push(line);
    const read = line === undefined ? readStuckLines(rest, lines) : rest.length;
    if (to === -1) return { lines, consumed: from + read, damaged };
    if (read < rest.length) damaged += 1;
    from = to + 1;
  }
}
