import { z } from 'zod';
import { positive } from './record-parts.ts';

/**
 * A line of a segment, as parsed from JSON: a record with its place in the segment and the checksum of the line.
 * On disk the checksum is the last key: `…,"crc":"xxxxxxxx"}`, CRC-32 in lower-case hex of every byte of the line
 * before `,"crc"`.
 */
export const journalLineSchema = z.looseObject({
  /** From 1 on, without a gap in a segment. */
  seq: positive,
  kind: z.string(),
  time: z.number(),
  crc: z.string().regex(/^[0-9a-f]{8}$/),
});
/** A line of a segment. */
export type JournalLine = z.infer<typeof journalLineSchema>;
