import { expect, test } from 'vitest';
import { renderChange } from '../src/render-change.ts';
import { START, madeUpExecution, madeUpSummary } from './made-up-run.ts';
import { plain } from './painted.ts';

const jobs = { expected: 50, total: 49, running: 1, completed: 47, failed: 1, lost: 0 };

test.for([
  [
    'stage_started',
    'open',
    undefined,
    'ocr  started  0 of 50 jobs',
    { ...jobs, completed: 0, failed: 0 },
  ],
  ['stage_ended', 'partial', 24.9, 'ocr  partial  48 of 50 jobs  24.9 s', jobs],
  ['stage_ended', 'completed', 24.9, 'ocr  completed  24.9 s', { ...jobs, expected: undefined }],
  ['stage_ended', 'completed', 24.9, 'ocr  completed  24.9 s', undefined],
] as const)(
  '%s as %s tells the jobs that the stage expects',
  ([type, state, took, text, jobsOf]) => {
    const run = madeUpSummary();
    const execution = madeUpExecution('ocr', 0, took, { state, jobs: jobsOf });
    expect(renderChange({ type, time: START, run, execution }, { paint: plain })).toBe(
      `2026-01-16 21:40:00  ${run.runId}  ${text}`,
    );
  },
);
