import { expect, test } from 'vitest';
import { sectionsOf } from '../src/run-sections.ts';
import { madeUpExecution, madeUpRun, START } from './made-up-run.ts';

const DAY = 86_400;
const NOW = START + 10 * DAY * 1000;

/** Sections as their stages, with the axis in seconds since the run began. */
function drawn(run: Parameters<typeof sectionsOf>[0], now = NOW): unknown {
  return sectionsOf(run, now).map(({ runAttempt, executions, axis }) => ({
    runAttempt,
    stages: executions.map(({ stage }) => stage),
    axis: [(axis.startTime - START) / 1000, (axis.endTime - START) / 1000],
  }));
}

test('a run is one section over the whole time of the run', () => {
  const executions = [madeUpExecution('fetch', 1, 2), madeUpExecution('ocr', 2, 20)];
  expect(drawn(madeUpRun({ executions }))).toEqual([
    { runAttempt: 1, stages: ['fetch', 'ocr'], axis: [0, 28.4] },
  ]);
});

test('a stage added a day later has an axis of its own', () => {
  const executions = [
    madeUpExecution('fetch', 1, 2),
    madeUpExecution('sync', DAY, DAY + 30),
    madeUpExecution('check', DAY + 60, DAY + 61),
  ];
  expect(drawn(madeUpRun({ executions }))).toEqual([
    { runAttempt: 1, stages: ['fetch'], axis: [0, 28.4] },
    { runAttempt: 1, stages: ['sync', 'check'], axis: [DAY, DAY + 61] },
  ]);
});

test('idle time inside the run does not split it', () => {
  const executions = [madeUpExecution('fetch', 1, 2), madeUpExecution('ocr', 7000, 7100)];
  const run = madeUpRun({ executions, durationSeconds: 7200, endTime: START + 7_200_000 });
  expect(drawn(run)).toEqual([{ runAttempt: 1, stages: ['fetch', 'ocr'], axis: [0, 7200] }]);
});

test('steps of which only the time is known share one axis', () => {
  const moment = { executionId: undefined, state: 'completed' } as const;
  const executions = [
    madeUpExecution('ocr', 0, undefined, moment),
    madeUpExecution('toc', DAY, undefined, moment),
  ];
  expect(drawn(madeUpRun({ executions, endTime: undefined, durationSeconds: undefined }))).toEqual([
    { runAttempt: 1, stages: ['ocr', 'toc'], axis: [0, DAY] },
  ]);
});

test('each attempt of a run has its own axis', () => {
  const executions = [
    madeUpExecution('fetch', 0, 10),
    madeUpExecution('fetch', 40, 50, { runAttempt: 2 }),
  ];
  const run = madeUpRun({ executions, attempt: 2, durationSeconds: 20, endTime: START + 60_000 });
  expect(drawn(run)).toEqual([
    { runAttempt: 1, stages: ['fetch'], axis: [0, 10] },
    { runAttempt: 2, stages: ['fetch'], axis: [40, 60] },
  ]);
});

test('what runs reaches up to now', () => {
  const executions = [madeUpExecution('fetch', 0, 10), madeUpExecution('ocr', 10, undefined)];
  const running = { state: 'running', status: 'started' } as const;
  const run = madeUpRun({ ...running, executions, endTime: undefined, durationSeconds: undefined });
  expect(drawn(run, START + 60_000)).toEqual([
    { runAttempt: 1, stages: ['fetch', 'ocr'], axis: [0, 60] },
  ]);
});

test('a later attempt that runs begins with its first stage: when it was begun is not known', () => {
  const executions = [
    madeUpExecution('fetch', 0, 10),
    madeUpExecution('fetch', 3600, undefined, { runAttempt: 2 }),
  ];
  const running = { state: 'running', status: 'started', attempt: 2 } as const;
  const run = madeUpRun({ ...running, executions, endTime: undefined, durationSeconds: undefined });
  expect(drawn(run, START + 3_660_000)).toEqual([
    { runAttempt: 1, stages: ['fetch'], axis: [0, 10] },
    { runAttempt: 2, stages: ['fetch'], axis: [3600, 3660] },
  ]);
});
