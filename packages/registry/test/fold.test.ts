import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem } from '@milepost/registry';
import { type KnownJournalRecord, writtenHubSchema } from '@milepost/semconv/schemas';
import { anomaliesOf } from '../src/anomalies.ts';
import { journalBody, journalLines } from '../src/journal-line.ts';
import { JournalReader } from '../src/journal-reader.ts';
import { canonicalText } from '../src/record-order.ts';
import { jsonText, renderRun } from '../src/render-run.ts';
import { RunFold, type RunState, foldRun } from '../src/run-fold.ts';
import { record } from './record-arbitrary.ts';
import { temporaryRoot } from './temporary-root.ts';

const RUN_ID = 'minutes_1737072000_abc123';

const records = fc.array(record, { maxLength: 25 });

/** Every derived file of a run, what is contradictory in it, and what was decided and sent, as text. */
function bytesOf(state: RunState): string {
  const { hub, spokes } = renderRun(state, {
    itemsKey: 'items',
    metadataPath: (name) => `${name}/job_metadata/${RUN_ID}.json`,
  });
  const anomalies = { anomalies: canonicalText(anomaliesOf(state)) };
  const repairs = [...state.attempts, ...state.executions].map(([, one]) => one.repaired);
  const sent = [...state.sent].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const decided = { repairs: repairs.map(canonicalText).toSorted(), sent: canonicalText(sent) };
  return [hub, ...spokes.map(({ content }) => content), anomalies, decided].map(jsonText).join('');
}

test('the order of records and their repetition change nothing', () => {
  fc.assert(
    fc.property(
      records.chain((all) =>
        fc.record({
          all: fc.constant(all),
          shuffled: fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }),
        }),
      ),
      ({ all, shuffled }) => {
        expect(bytesOf(foldRun(RUN_ID, shuffled))).toBe(bytesOf(foldRun(RUN_ID, all)));
      },
    ),
    { numRuns: 500 },
  );
});

test('folding bit by bit, with a look between, gives the same as folding at once', () => {
  fc.assert(
    fc.property(records, (all) => {
      const fold = new RunFold(RUN_ID);
      for (const one of all) {
        fold.add(one);
        bytesOf(fold);
      }
      expect(bytesOf(fold)).toBe(bytesOf(foldRun(RUN_ID, all)));
    }),
  );
});

test('split over the journals of several writers and read back, it is the same', async () => {
  const directory = join(temporaryRoot(), 'journal');
  let number = 0;
  await fc.assert(
    fc.asyncProperty(records, fc.infiniteStream(fc.nat({ max: 2 })), async (all, choices) => {
      number += 1;
      const own = join(directory, String(number));
      mkdirSync(own, { recursive: true });
      const segments: string[][] = [[], [], []];
      for (const one of all) segments[choices.next().value ?? 0]?.push(journalBody(one));
      for (const [writer, bodies] of segments.entries()) {
        writeFileSync(join(own, `${writer}.jsonl`), journalLines(1, bodies));
      }
      const fold = new RunFold(RUN_ID);
      expect(await new JournalReader(nodeFileSystem, own).read((one) => fold.add(one))).toEqual([]);
      expect(bytesOf(fold)).toBe(bytesOf(foldRun(RUN_ID, all)));
    }),
    { numRuns: 50 },
  );
});

test('every hub fits the schema of what we write', () => {
  fc.assert(
    fc.property(
      fc.array(
        record.filter(({ kind: name }) => name !== 'hub_taken_in'),
        { maxLength: 25 },
      ),
      (all) => {
        const { hub } = renderRun(foldRun(RUN_ID, all), {
          itemsKey: 'items',
          metadataPath: () => 'p',
        });
        expect(writtenHubSchema.safeParse(JSON.parse(jsonText(hub))).error?.issues).toBeUndefined();
      },
    ),
  );
});

test('ends that contradict one another are kept, each once, and the last one counts', () => {
  const end = (time: number, status: 'completed' | 'failed'): KnownJournalRecord => ({
    kind: 'run_ended',
    time,
    run_attempt: 1,
    status,
    duration_seconds: 1,
  });
  const stageEnd = (time: number, stage: string): KnownJournalRecord => ({
    kind: 'stage_ended',
    time,
    run_attempt: 1,
    stage,
    occurrence: 1,
    attempt: 1,
    execution_id: 'e1',
    status: 'completed',
    duration_seconds: 1,
  });
  const itemEnd: KnownJournalRecord = {
    kind: 'item_ended',
    time: 2,
    run_attempt: 1,
    stage: 'fetch',
    occurrence: 1,
    attempt: 1,
    execution_id: 'e1',
    item_id: 'a',
    status: 'completed',
    duration_seconds: 1,
  };
  const all = [end(5, 'failed'), end(7, 'completed'), stageEnd(3, 'ocr'), itemEnd];
  const state = foldRun(RUN_ID, [...all, stageEnd(4, 'ocr'), ...all.toReversed()]);
  expect(state.attempts.get(1)?.ended).toEqual(end(7, 'completed'));
  expect(anomaliesOf(state)).toEqual([
    { kind: 'run_ended_twice', runAttempt: 1, records: [end(5, 'failed'), end(7, 'completed')] },
    {
      kind: 'execution_of_two_stages',
      runAttempt: 1,
      executionId: 'e1',
      records: [itemEnd, stageEnd(4, 'ocr')],
    },
    {
      kind: 'stage_ended_twice',
      runAttempt: 1,
      executionId: 'e1',
      records: [stageEnd(3, 'ocr'), stageEnd(4, 'ocr')],
    },
  ]);
});

describe('an end that somebody decided on', () => {
  const end = (time: number, status: 'completed' | 'failed', at?: number): KnownJournalRecord => ({
    kind: 'run_ended',
    time,
    run_attempt: 1,
    status,
    duration_seconds: 1,
    ...(at !== undefined && { repaired: { at, by: 'mira' } }),
  });

  test.for([
    ['counts where there is no other', [end(5, 'failed', 9)], end(5, 'failed', 9)],
    [
      'gives way to one that came by itself, also to an earlier one',
      [end(5, 'failed', 9), end(3, 'completed')],
      end(3, 'completed'),
    ],
    [
      'gives way to a later decision, whatever times they say',
      [end(5, 'failed', 9), end(4, 'completed', 10)],
      end(4, 'completed', 10),
    ],
  ] as const)('%s, in any order, and contradicts nothing', ([, all, counts]) => {
    for (const order of [all, all.toReversed(), [...all, ...all]]) {
      const state = foldRun(RUN_ID, order);
      expect(state.attempts.get(1)?.ended).toEqual(counts);
      expect(anomaliesOf(state)).toEqual([]);
    }
  });

  test('hides no contradiction between ends that came by themselves', () => {
    const all = [end(3, 'completed'), end(9, 'failed', 9), end(4, 'failed')];
    for (const order of [all, all.toReversed()]) {
      expect(anomaliesOf(foldRun(RUN_ID, order))).toEqual([
        {
          kind: 'run_ended_twice',
          runAttempt: 1,
          records: [end(3, 'completed'), end(4, 'failed')],
        },
      ]);
    }
  });
});

test('records that are there twice, in whatever order their keys are, contradict nothing', () => {
  const end: KnownJournalRecord = {
    kind: 'run_ended',
    time: 5,
    run_attempt: 1,
    status: 'completed',
    duration_seconds: 1,
  };
  const turned = Object.fromEntries(Object.entries(end).toReversed()) as KnownJournalRecord;
  expect(anomaliesOf(foldRun(RUN_ID, [end, end, turned]))).toEqual([]);
});
