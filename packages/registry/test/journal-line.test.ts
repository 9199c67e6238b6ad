import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KnownJournalRecord } from '@milepost/semconv/schemas';
import { journalBody, journalLines, readLines } from '../src/journal-line.ts';

const record: KnownJournalRecord = {
  kind: 'step_saved',
  time: 1.5,
  step: 'ocr ü 🚀',
  metadata: { status: 'completed', note: 'a "quoted" line\nand another' },
};

function segment(...records: readonly KnownJournalRecord[]): Buffer {
  return journalLines(1, records.map(journalBody));
}

test('a line is JSON of its own, with sequence number and checksum', () => {
  expect(journalLines(7, ['{"kind":"x","time":1}', '{"kind":"ü"}']).toString()).toBe(
    '{"seq":7,"kind":"x","time":1,"crc":"40229e04"}\n{"seq":8,"kind":"ü","crc":"74858de4"}\n',
  );
});

test('lines come back as they were', () => {
  expect(readLines(segment(record, record))).toEqual({
    lines: [
      { seq: 1, record },
      { seq: 2, record },
    ],
    consumed: segment(record, record).length,
    damaged: 0,
  });
});

test('any step name and metadata come back as they were', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (step, metadata) => {
        // JSON has no -0.
        const saved = JSON.parse(JSON.stringify({ step, metadata }));
        const [line] = readLines(segment({ kind: 'step_saved', time: 1, ...saved })).lines;
        const read = line?.record as typeof saved;
        expect(read).toMatchObject({ kind: 'step_saved', time: 1 });
        expect(JSON.stringify([read.step, read.metadata])).toBe(
          JSON.stringify([saved.step, saved.metadata]),
        );
      },
    ),
  );
});

test('a tail torn at any byte leaves the lines before it', () => {
  const whole = segment(record, record);
  const first = segment(record).length;
  for (let length = 0; length < whole.length; length += 1) {
    const { lines, consumed, damaged } = readLines(whole.subarray(0, length));
    expect([lines.length, consumed, damaged]).toEqual(length < first ? [0, 0, 0] : [1, first, 0]);
  }
});

test('no flipped bit of a line is read as a record', () => {
  const intact = segment(record);
  for (let bit = 0; bit < (intact.length - 1) * 8; bit += 1) {
    const flipped = Buffer.from(intact);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(readLines(flipped).lines).toEqual([]);
  }
});

test('a damaged line hides none beside it', () => {
  const bytes = segment(record, record, record);
  const middle = segment(record).length + 20;
  bytes[middle] = 0x20;
  const { lines, damaged } = readLines(bytes);
  expect(lines.map(({ seq }) => seq)).toEqual([1, 3]);
  expect(damaged).toBe(1);
});
