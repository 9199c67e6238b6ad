import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beginRun, beginStage, createJob, withJob } from '@milepost/core';
import { type RegistryFileSystem, nodeFileSystem, openRegistry } from '@milepost/registry';
import { type KnownJournalRecord } from '@milepost/semconv/schemas';
import { findRunTrouble, findStageTrouble } from '../src/find-trouble.ts';
import { journalBody, journalLines } from '../src/journal-line.ts';
import { JournalSearch } from '../src/journal-search.ts';
import { foldRun } from '../src/run-fold.ts';
import { isRunTroubled, isStageTroubled } from '../src/troubled.ts';
import { connectedRegistry } from './connected-registry.ts';
import { record } from './record-arbitrary.ts';
import { temporaryRoot } from './temporary-root.ts';

const RUN = 'minutes_1737072000_abc123';
const EXECUTIONS = ['e1', 'e2', 'e3'];
const ATTEMPTS = [1, 2];

function segment(records: readonly KnownJournalRecord[]): Buffer {
  return journalLines(1, records.map(journalBody));
}

/** What all records say. */
function folded(records: readonly KnownJournalRecord[]): readonly boolean[] {
  const state = foldRun(RUN, records);
  return [
    ...ATTEMPTS.map((attempt) => isRunTroubled(state, attempt)),
    ...EXECUTIONS.map((id) => isStageTroubled(state, id)),
  ];
}

/** What is found in segments. */
function found(segments: readonly Buffer[]): readonly boolean[] {
  const journal = new JournalSearch(segments);
  return [
    ...ATTEMPTS.map((attempt) => findRunTrouble(journal, RUN, attempt)),
    ...EXECUTIONS.map((id) => findStageTrouble(journal, RUN, id)),
  ];
}

const ofJobsAndStages = record.filter(({ kind }) => /^(job|stage|item)_/.test(kind));
const written = fc.array(fc.oneof(ofJobsAndStages, record), { maxLength: 30 });

describe('what is troubled of a run', () => {
  test('is the same by few records of two writers as by all', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(written, written, (one, two) => {
        const expected = folded([...one, ...two]);
        seen.add(expected.join());
        expect(found([segment(one), segment(two)])).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
    expect(seen.size).toBeGreaterThan(4);
  });

  test('is the same where lines are damaged, or stick together', () => {
    fc.assert(
      fc.property(written, fc.nat(), fc.nat({ max: 255 }), (records, place, byte) => {
        const bytes = segment(records);
        if (bytes.length > 0) bytes[place % bytes.length] = byte;
        const whole = [...new JournalSearch([bytes]).all()];
        expect(found([bytes])).toEqual(folded(whole as KnownJournalRecord[]));
      }),
      { numRuns: 500 },
    );
  });

  test.for([1, 8, 9, 30])('is found of %i jobs that failed', (count) => {
    const job = (
      id: number,
      attempt: number,
      status: 'failed' | 'completed',
    ): KnownJournalRecord => ({
      kind: 'job_ended',
      time: 10 * id + attempt,
      run_attempt: 1,
      queue: 'civic',
      job_id: String(id),
      job_name: 'page_job',
      attempt,
      execution_id: 'e1',
      status,
      duration_seconds: 1,
      // Found with the first job, and yet none of it.
      ...(status === 'failed' && { config: { job_id: '0' } }),
    });
    const ids = Array.from({ length: count }, (_, index) => index);
    const failed = segment(ids.map((id) => job(id, 1, 'failed')));
    const retried = segment(ids.map((id) => job(id, 2, 'completed')));
    const firstFails = segment(ids.slice(1).map((id) => job(id, 2, 'completed')));
    expect(findStageTrouble(new JournalSearch([failed, retried]), RUN, 'e1')).toBe(false);
    expect(findStageTrouble(new JournalSearch([firstFails, failed]), RUN, 'e1')).toBe(true);
    const lastFails = segment(ids.slice(0, -1).map((id) => job(id, 2, 'completed')));
    expect(findStageTrouble(new JournalSearch([lastFails, failed]), RUN, 'e1')).toBe(true);
    expect(findStageTrouble(new JournalSearch([failed]), RUN, 'e2')).toBe(false);
    expect(findRunTrouble(new JournalSearch([failed]), RUN, 1)).toBe(false);
  });

  test('is known of records that are on their way to the disk', async () => {
    const opening = Promise.withResolvers<void>();
    const mayOpen = Promise.withResolvers<void>();
    const fs: RegistryFileSystem = {
      ...nodeFileSystem,
      open: async (path, flags) => {
        opening.resolve();
        await mayOpen.promise;
        return nodeFileSystem.open(path, flags);
      },
    };
    const registry = connectedRegistry({ fs });
    const run = beginRun({ pipeline: 'minutes', runId: RUN });
    const { stage } = beginStage('ocr', { run });
    const fail = (): never => {
      throw new TypeError('broken');
    };
    const job = createJob({ run, name: 'page_job' });
    expect(() => withJob(job, { queue: 'civic', jobId: '1' }, fail)).toThrow('broken');
    await opening.promise;
    expect(registry.runStore.isTroubled?.(RUN, 1)).toBe(true);
    expect(registry.runStore.isTroubled?.(RUN, 1, stage.execution_id)).toBe(false);
    mayOpen.resolve();
    await registry.flush();
    expect(registry.runStore.isTroubled?.(RUN, 1)).toBe(true);
  });

  test('is asked of the segments on disk', () => {
    fc.assert(
      fc.property(written, written, (one, two) => {
        const root = temporaryRoot();
        const directory = join(root, '.milepost', 'journal', RUN);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, '00000000000000aa.jsonl'), segment(one));
        writeFileSync(join(directory, '00000000000000bb.jsonl'), segment(two));
        const { runStore } = openRegistry({ root });
        expect([
          ...ATTEMPTS.map((attempt) => runStore.isTroubled?.(RUN, attempt)),
          ...EXECUTIONS.map((id) => runStore.isTroubled?.(RUN, 1, id)),
        ]).toEqual(folded([...one, ...two]));
      }),
      { numRuns: 20 },
    );
  });
});
