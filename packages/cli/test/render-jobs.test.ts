import { describe, expect, test } from 'vitest';
import { type LostEvidence } from '@milepost/registry';
import { drawJobGroups, drawTroubledJobs } from '../src/render-job-groups.ts';
import { renderJobList } from '../src/render-job-list.ts';
import { madeUpJob, madeUpTry } from './made-up-job.ts';
import { madeUpError, START } from './made-up-run.ts';
import { plain } from './painted.ts';

const DRAWING = { paint: plain, width: 80, now: START + 60_000 };

const lost: LostEvidence = {
  host: 'worker-2',
  bootId: undefined,
  pid: 4711,
  threadId: 0,
  processStart: START,
  lastHeartbeat: START,
  goneBy: 'process_gone',
  reason: 'process 4711 on worker-2 is not there any more',
};
const unended = { endTime: undefined, durationSeconds: undefined };
const killed = madeUpTry(1, { ...unended, state: 'lost', lost });
const failure = (attempt: number, state: 'retrying' | 'failed') =>
  madeUpTry(attempt, { state, error: madeUpError('OcrError', 'no text on page 7') });

const JOBS = [
  madeUpJob('fetch_site_job', '1', [madeUpTry(1)], { queue: 'fetch', stage: 'fetch' }),
  ...['11', '12', '13'].map((id) => madeUpJob('ocr_page_job', id, undefined, { parentJobId: '1' })),
  madeUpJob('ocr_page_job', '14', [killed, madeUpTry(2)], { parentJobId: '1' }),
  madeUpJob(
    'ocr_page_job',
    '15',
    [failure(1, 'retrying'), failure(2, 'retrying'), failure(3, 'retrying'), failure(4, 'failed')],
    { parentJobId: '1' },
  ),
  madeUpJob('ocr_page_job', '16', [madeUpTry(1, { ...unended, state: 'running' })]),
  madeUpJob('ocr_page_job', '17', [killed]),
];

describe('the jobs of a run', () => {
  test('are counted by name, in columns that have something to say', () => {
    expect(drawJobGroups(JOBS, DRAWING).join('\n')).toMatchInlineSnapshot(`
      "jobs            all  completed  failed  lost  running  retried     p50     p95
      fetch_site_job    1          1                                  1.00 s  1.00 s
      ocr_page_job      7          4       1     1        1        2  1.00 s  1.00 s"
    `);
    expect(drawJobGroups(JOBS.slice(0, 4), DRAWING).join('\n')).toMatchInlineSnapshot(`
      "jobs            all  completed     p50     p95
      fetch_site_job    1          1  1.00 s  1.00 s
      ocr_page_job      3          3  1.00 s  1.00 s"
    `);
    expect(drawJobGroups([], DRAWING)).toEqual([]);
  });

  test('that failed, were lost or tried again are told with their tries', () => {
    expect(drawTroubledJobs(JOBS, 10, '', DRAWING).join('\n')).toMatchInlineSnapshot(`
      "jobs that failed or were tried again (3)
        ocr_page_job  civic:15  …; try 2 retrying: OcrError: no text on page 7; try 3
                                retrying: OcrError: no text on page 7; try 4 failed:
                                OcrError: no text on page 7
        ocr_page_job  civic:17  lost: process 4711 on worker-2 is not there any more
        ocr_page_job  civic:14  try 1 lost: process 4711 on worker-2 is not there any
                                more; try 2 completed"
    `);
    expect(drawTroubledJobs(JOBS.slice(0, 4), 10, '', DRAWING)).toEqual([]);
  });

  test('take a few lines however many failed', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      madeUpJob('ocr_page_job', String(index), [failure(1, 'failed')]),
    );
    const lines = drawTroubledJobs(many, 2, 'milepost show r1 --failures all', DRAWING);
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "jobs that failed or were tried again (10,000)
        ocr_page_job  civic:0  failed: OcrError: no text on page 7
        ocr_page_job  civic:1  failed: OcrError: no text on page 7
        … and 9,998 more: milepost show r1 --failures all"
    `);
  });

  test('as a list, with less where the line is short', () => {
    expect(renderJobList(JOBS, { ...DRAWING, width: 120 }).join('\n')).toMatchInlineSnapshot(`
      "job       name            parent  stage  status     tries  started (UTC)          took  waited
      fetch:1   fetch_site_job          fetch  completed      1  2026-01-16 21:40:10  1.00 s  250 ms
      civic:11  ocr_page_job    1              completed      1  2026-01-16 21:40:10  1.00 s  250 ms
      civic:12  ocr_page_job    1              completed      1  2026-01-16 21:40:10  1.00 s  250 ms
      civic:13  ocr_page_job    1              completed      1  2026-01-16 21:40:10  1.00 s  250 ms
      civic:14  ocr_page_job    1              completed      2  2026-01-16 21:40:10  1.00 s  250 ms
      civic:15  ocr_page_job    1              failed         4  2026-01-16 21:40:10  1.00 s  250 ms
      civic:16  ocr_page_job                   running        1  2026-01-16 21:40:10  50.0 s  250 ms
      civic:17  ocr_page_job                   lost           1  2026-01-16 21:40:10       -  250 ms"
    `);
    expect(renderJobList(JOBS.slice(4, 6), DRAWING).join('\n')).toMatchInlineSnapshot(`
      "job       name          parent  status     tries  started (UTC)          took
      civic:14  ocr_page_job  1       completed      2  2026-01-16 21:40:10  1.00 s
      civic:15  ocr_page_job  1       failed         4  2026-01-16 21:40:10  1.00 s"
    `);
  });

  test('have names that cannot drive a terminal', () => {
    const hostile = '\u001B[2J\n03';
    const job = madeUpJob(
      hostile,
      hostile,
      [madeUpTry(1, { state: 'failed', error: madeUpError(hostile, hostile) })],
      { queue: hostile, parentJobId: hostile, stage: hostile },
    );
    const lines = [
      ...drawJobGroups([job], DRAWING),
      ...drawTroubledJobs([job], 10, '', DRAWING),
      ...renderJobList([job], DRAWING),
    ];
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });
});
