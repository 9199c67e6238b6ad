import { describe, expect, test } from 'vitest';
import { type JobSummary } from '@milepost/registry';
import { groupJobs, troubledJobs } from '../src/job-groups.ts';
import { madeUpJob, madeUpTry } from './made-up-job.ts';

const STATES = {
  completed: 'completed',
  partial: 'completed',
  skipped: 'completed',
  failed: 'failed',
  cancelled: 'failed',
  lost: 'lost',
  running: 'running',
  retrying: 'running',
  open: 'running',
  pending: 'running',
} as const satisfies Record<JobSummary['state'], string>;

describe('jobs are counted by name', () => {
  test.for(Object.entries(STATES))('%s counts as %s', ([state, standing]) => {
    const [group] = groupJobs([{ ...madeUpJob('ocr', '1'), state } as JobSummary]);
    const none = { completed: 0, failed: 0, lost: 0, running: 0 };
    expect(group).toMatchObject({ name: 'ocr', total: 1, ...none, [standing]: 1 });
  });

  test('in the order in which the first of each began, with what half and nearly all of them took', () => {
    const ocr = Array.from({ length: 100 }, (_, index) =>
      madeUpJob('ocr', String(index), [madeUpTry(1, { durationSeconds: 100 - index })]),
    );
    const again = madeUpJob('fetch', 'again', [
      madeUpTry(1, { state: 'retrying', durationSeconds: 50 }),
      madeUpTry(2, { durationSeconds: 3 }),
    ]);
    const running = madeUpJob('deploy', '1', [
      madeUpTry(1, { state: 'running', endTime: undefined, durationSeconds: undefined }),
    ]);
    expect(
      groupJobs([again, ...ocr, running]).map(
        ({ name, total, retried, p50Seconds, p95Seconds }) => [
          name,
          total,
          retried,
          p50Seconds,
          p95Seconds,
        ],
      ),
    ).toEqual([
      ['fetch', 1, 1, 3, 3],
      ['ocr', 100, 0, 50, 95],
      ['deploy', 1, 0, undefined, undefined],
    ]);
  });
});

test('what came to no good end asks for a look before what was tried again', () => {
  const jobs = [
    madeUpJob('ocr', 'well'),
    madeUpJob('ocr', 'again', [madeUpTry(1, { state: 'lost' }), madeUpTry(2)]),
    madeUpJob('ocr', 'next', [madeUpTry(1, { state: 'retrying' })]),
    madeUpJob('ocr', 'failed', [madeUpTry(1, { state: 'failed' })]),
    madeUpJob('ocr', 'lost', [madeUpTry(1, { state: 'lost' })]),
    madeUpJob('ocr', 'cancelled', [madeUpTry(1, { state: 'cancelled' })]),
  ];
  expect(troubledJobs(jobs).map(({ jobId }) => jobId)).toEqual([
    'failed',
    'lost',
    'cancelled',
    'again',
    'next',
  ]);
});
