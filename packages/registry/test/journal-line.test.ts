import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KnownJournalRecord } from '@milepost/semconv/schemas';
import { journalBody, journalLines, readLines } from '../src/journal-line.ts';
import { segmentOpened } from '../src/journal-segment.ts';
import { executionText, recordText } from '../src/record-text.ts';
import { START, ToldRun } from './told-run.ts';

const RUN = '2026-01-01_21-37-23';

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

/** A segment as a run writes it, and the ends of its lines. */
function wholeSegment(): { readonly bytes: Buffer; readonly ends: readonly number[] } {
  const opened = segmentOpened(RUN, '00000000000000ff', START);
  const texts = [opened];
  const told = new ToldRun((event) => {
    if (event.type === 'output_recorded') return;
    const stage = 'stage' in event ? event.stage : undefined;
    const execution = stage === undefined ? '' : executionText(stage);
    texts.push(recordText(event, event.time, execution));
  });
  told.start({ 'user.note': 'ü 🚀 {"seq":1}' }).stage('ocr', ['a', 'b'], {
    metadata: { nested: { seq: 1, crc: '00000000' } },
  });
  told.end();
  const bytes = journalLines(1, texts);
  const ends = [...bytes.entries()].flatMap(([at, byte]) => (byte === 0x0a ? at + 1 : []));
  return { bytes, ends };
}

test('a tail torn at any byte leaves the lines before it, and the last one where only its newline is missing', () => {
  const { bytes, ends } = wholeSegment();
  const { lines: all } = readLines(bytes);
  expect(all).toHaveLength(ends.length);
  for (let length = 0; length <= bytes.length; length += 1) {
    const whole = ends.filter((end) => end - 1 <= length).length;
    expect(readLines(bytes.subarray(0, length))).toEqual({
      lines: all.slice(0, whole),
      consumed: Math.min(length, ends[whole - 1] ?? 0),
      damaged: 0,
    });
  }
});

test('what was read without its newline is not read again with it', () => {
  const { bytes } = wholeSegment();
  const { consumed } = readLines(bytes.subarray(0, -1));
  expect(readLines(bytes.subarray(consumed))).toEqual({ lines: [], consumed: 1, damaged: 0 });
});

test('any flipped bit of a segment costs the record it is in at most, and none where it is in a newline', () => {
  const { bytes, ends } = wholeSegment();
  const { lines: all } = readLines(bytes);
  const texts = all.map((line) => JSON.stringify(line));
  const newlines = new Set(ends.map((end) => end - 1));
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const at = bit >> 3;
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit & 7));
    const { lines, damaged } = readLines(flipped);
    const hit = newlines.has(at) ? -1 : ends.findIndex((end) => at < end);
    const intact = texts.filter((_, index) => index !== hit);
    if (lines.map((line) => JSON.stringify(line)).join() !== intact.join()) {
      expect.fail(`bit ${bit}: ${lines.length} of ${intact.length} intact records`);
    }
    // A byte that becomes a newline makes two damaged lines of one.
    const expected = hit === -1 ? [0] : [1, 2];
    if (!expected.includes(damaged)) expect.fail(`bit ${bit}: ${damaged} damaged`);
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
