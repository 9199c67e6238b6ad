import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCli } from '@milepost/cli';
import {
  type JobEnvelope,
  beginRun,
  beginStage,
  createJob,
  endRun,
  endStage,
  withJob,
  withRun,
  withStage,
} from '@milepost/core';
import { connectRegistry, openRegistry, type Registry } from '@milepost/registry';

// What the command says of a run whose jobs went over queues: OCR is spread over five pages, and nobody has ended it yet.

const RUN_ID = 'alameda_1768599600_abc123';
const root = await mkdtemp(join(tmpdir(), 'milepost-cli-jobs-'));
let registry: Registry;
let disconnect: () => void;
let begunAt: number;

beforeAll(async () => {
  vi.stubEnv('NO_COLOR', '1');
  registry = openRegistry({ root });
  disconnect = connectRegistry(registry);
  withRun({ pipeline: 'nightly', runId: 'without_jobs' }, () => undefined);
  // Two of three pages came, one of them failed, and somebody ended the stage and the run all the same.
  const short = beginRun({ pipeline: 'minutes', runId: 'short', stages: ['toc', 'ocr'] });
  const coordinator = createJob({ run: short, name: 'ocr_complete_coordinator' });
  withJob(coordinator, { queue: 'ocr', jobId: 's0' }, () => {
    withStage('toc', () => undefined);
    const ocr = beginStage('ocr', { expected: 3 });
    for (const jobId of ['s1', 's2']) {
      const page = createJob({ name: 'ocr_page_job', stage: ocr });
      try {
        withJob(page, { queue: 'ocr', jobId }, { willRetry: false }, () => {
          if (jobId === 's2') throw new TypeError('no text');
        });
      } catch {
        // On record: what it is about.
      }
    }
    endStage(ocr, { status: 'partial' });
    endRun(short);
  });
  begunAt = Date.now();
  const run = beginRun({
    pipeline: 'minutes',
    subdomain: 'alameda',
    runId: RUN_ID,
    stages: ['fetch', 'ocr', 'deploy'],
  });
  // One page has not begun: five of six.
  const pages: JobEnvelope[] = [];
  const fetch = createJob({ run, name: 'fetch_site_job', stage: 'fetch' });
  withJob(fetch, { queue: 'fetch', jobId: '17' }, () => {
    withStage('fetch', () => undefined);
    const ocr = beginStage('ocr', { expected: 6 });
    for (let page = 1; page <= 5; page += 1) {
      pages.push(createJob({ name: 'ocr_page_job', stage: ocr }));
    }
  });
  for (const [index, page] of pages.entries()) {
    const jobId = String(index + 1);
    const fail = (): never => {
      throw new TypeError(`no text on page ${jobId}`);
    };
    const attempt = (number: number, willRetry: boolean, work: () => void): void => {
      try {
        withJob(page, { queue: 'ocr', jobId, attempt: number }, { willRetry }, work);
      } catch {
        // On record: what it is about.
      }
    };
    if (index === 3) attempt(1, true, fail);
    attempt(index === 3 ? 2 : 1, false, index === 4 ? fail : () => undefined);
  }
  await registry.flush();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  disconnect();
  await registry.close();
  await rm(root, { recursive: true });
});

async function milepost(...args: readonly string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  const env = { MILEPOST_ROOT: root };
  // An hour later, so that the age of what is open is the same each time.
  const now = (): number => begunAt + 3_610_000;
  const code = await runCli(args, { stdout, stderr, env, cwd: root, now });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { code, out, err };
}

async function answer(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await milepost(...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

/** Without what differs from run to run: durations, times and what follows from them. */
function steady(out: string): string {
  return out
    .replaceAll(/ *(?:<1 ms|\d+(?:\.\d+)? m?s)\b/g, ' TOOK')
    .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+Z)?)?/g, 'TIME')
    .replaceAll(/ *[█▏▒]+/g, ' BAR')
    .replaceAll(/^ +0 +TOOK/gm, ' AXIS')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'TRACE')
    .replaceAll(/ +$/gm, '')
    .replaceAll(/ {2,}/g, '  ');
}

interface JobsAnswer {
  readonly run_id: string;
  readonly total: number;
  readonly jobs: readonly {
    readonly job_id: string;
    readonly queue: string;
    readonly parent_job_id: string | null;
    readonly tries: readonly unknown[];
  }[];
}

async function jobsJson(...args: readonly string[]): Promise<JobsAnswer> {
  return JSON.parse(await answer('jobs', RUN_ID, '--json', ...args));
}

describe('for people', () => {
  test('a run shows its jobs by name, and those that failed or were tried again', async () => {
    expect(steady(await answer('show', RUN_ID))).toMatchInlineSnapshot(`
      "minutes · alameda_1768599600_abc123 · open · no end yet, began 1 h 00 m ago
      TIME UTC

        stage  status  took  0 TOOK
        fetch  completed TOOK BAR
        ocr  open  1 h 00 m BAR  5 of 6 jobs
        deploy  pending

        jobs  all  completed  failed  retried  p50  p95
        fetch_site_job  1  1 TOOK TOOK
        ocr_page_job  5  4  1  1 TOOK TOOK

        jobs that failed or were tried again (2)
        ocr_page_job  ocr:5  failed: TypeError: no text on page 5
        ocr_page_job  ocr:4  try 1 retrying: TypeError: no text on page 4; try 2
        completed

        record  analytics/job_registry/alameda_1768599600_abc123.json
        trace  TRACE
      "
    `);
  });

  test('of many jobs that failed, as many as asked for', async () => {
    const out = await answer('show', RUN_ID, '--failures', '1');
    expect(out).toContain(`… and 1 more: milepost show --failures all ${RUN_ID}`);
    expect(out).not.toContain('ocr:4');
  });

  test('the status tells how long a step is open, and its jobs', async () => {
    expect(steady(await answer('status', RUN_ID))).toMatchInlineSnapshot(`
      "alameda_1768599600_abc123 · open · TIME

        completed  fetch
        pending  ocr (open for 1 h 00 m, 5 of 6 jobs), deploy
        jobs  fetch_site_job 1/1, ocr_page_job 4/5 (1 failed)
      "
    `);
  });

  test('a stage that completed in part is told as such, with the jobs that never came', async () => {
    expect(steady(await answer('status', 'short'))).toMatchInlineSnapshot(`
      "short · partial · TIME

        completed  toc, ocr (partial)
        jobs  ocr_complete_coordinator 1/1, ocr_page_job 1/2 (1 failed)
      "
    `);
    const { steps_completed, steps_partial } = JSON.parse(
      await answer('status', 'short', '--json'),
    );
    expect({ steps_completed, steps_partial }).toEqual({
      steps_completed: ['toc', 'ocr'],
      steps_partial: ['ocr'],
    });
    expect((await answer('show', 'short')).split('\n')).toContainEqual(
      expect.stringMatching(/^ {2}ocr +partial .* 2 of 3 jobs$/),
    );
  });

  test('jobs are listed by the time of their first try', async () => {
    expect(steady(await answer('jobs', RUN_ID))).toMatchInlineSnapshot(`
      "job  name  parent  status  tries  started (UTC)  took
      fetch:17  fetch_site_job  completed  1  TIME TOOK
      ocr:1  ocr_page_job  17  completed  1  TIME TOOK
      ocr:2  ocr_page_job  17  completed  1  TIME TOOK
      ocr:3  ocr_page_job  17  completed  1  TIME TOOK
      ocr:4  ocr_page_job  17  completed  2  TIME TOOK
      ocr:5  ocr_page_job  17  failed  1  TIME TOOK

      ocr  5 of 6 jobs ended
      "
    `);
  });

  test('of many jobs, as many as asked for, and how to see the rest', async () => {
    expect(steady(await answer('jobs', RUN_ID, '--name', 'ocr_page_job', '--limit', '1')))
      .toMatchInlineSnapshot(`
      "job  name  parent  status  tries  started (UTC)  took
      ocr:1  ocr_page_job  17  completed  1  TIME TOOK
      … and 4 more: milepost jobs --name=ocr_page_job --limit all alameda_1768599600_abc123

      ocr  5 of 6 jobs ended
      "
    `);
  });

  test.for([
    [['jobs', 'without_jobs'], 'no jobs in run without_jobs\n'],
    [['jobs', RUN_ID, '--status', 'lost'], `no such jobs in run ${RUN_ID}\n`],
  ] as const)('%j says that there are none', async ([args, out]) => {
    expect(await answer(...args)).toBe(out);
  });

  test('a run without jobs says nothing of any', async () => {
    expect(await answer('show', 'without_jobs')).not.toMatch(/\bjobs?\b(?!_)/);
  });
});

describe('JSON', () => {
  test('one query by a parent gives exactly its children', async () => {
    const { run_id, total, jobs } = await jobsJson('--parent', '17');
    expect({ run_id, total }).toEqual({ run_id: RUN_ID, total: 5 });
    expect(jobs.map(({ queue, job_id }) => `${queue}:${job_id}`)).toEqual([
      'ocr:1',
      'ocr:2',
      'ocr:3',
      'ocr:4',
      'ocr:5',
    ]);
    expect((await jobsJson()).jobs.map((job) => job.parent_job_id)).toEqual([
      null,
      ...Array.from({ length: 5 }, () => '17'),
    ]);
  });

  test.for([
    [['--status', 'failed'], ['5']],
    [['--retried'], ['4']],
    [['--queue', 'fetch'], ['17']],
    [
      ['--stage', 'ocr', '--status', 'completed'],
      ['1', '2', '3', '4'],
    ],
    [
      ['--name', 'ocr_page_job', '--limit', '2'],
      ['1', '2'],
    ],
    [['--parent', '1'], []],
  ] as const)('jobs with %j are %j', async ([args, ids]) => {
    expect((await jobsJson(...args)).jobs.map(({ job_id }) => job_id)).toEqual(ids);
  });

  test('of a job: its last try, and all of them', async () => {
    const time = expect.stringMatching(/Z$/);
    const seconds = expect.any(Number);
    const error = {
      error_type: 'TypeError',
      error_message: 'no text on page 4',
      error_category: 'program',
      stack: expect.any(String),
    };
    const told = {
      lost: null,
      timestamp: time,
      end_time: time,
      duration_seconds: seconds,
      trace_id: null,
      reason: null,
    };
    const first = { ...told, attempt: 1, state: 'retrying', wait_seconds: seconds, error };
    const second = { ...told, attempt: 2, state: 'completed', wait_seconds: null, error: null };
    expect((await jobsJson('--retried')).jobs).toEqual([
      {
        name: 'ocr_page_job',
        queue: 'ocr',
        job_id: '4',
        parent_job_id: '17',
        stage: 'ocr',
        run_attempt: 1,
        ...second,
        counts: {},
        fields: {},
        tries: [first, second],
      },
    ]);
  });

  test('of a run holds its jobs and their counts', async () => {
    const run = JSON.parse(await answer('show', RUN_ID, '--json'));
    expect(run.jobs).toEqual((await jobsJson()).jobs);
    expect(run.job_counts).toMatchObject([
      {
        name: 'fetch_site_job',
        total: 1,
        completed: 1,
        retried: 0,
        p50_seconds: expect.any(Number),
      },
      { name: 'ocr_page_job', total: 5, completed: 4, failed: 1, lost: 0, running: 0, retried: 1 },
    ]);
    const status = JSON.parse(await answer('status', RUN_ID, '--json'));
    expect(status.job_counts).toEqual(run.job_counts);
  });

  test('of a stage that is spread over jobs: how many it expects, and how they are', async () => {
    const jobs = { expected: 6, total: 5, running: 0, completed: 4, failed: 1, lost: 0 };
    const { executions } = JSON.parse(await answer('show', RUN_ID, '--json'));
    expect(executions).toMatchObject([
      { stage: 'fetch', jobs: null },
      { stage: 'ocr', jobs },
    ]);
    for (const command of ['status', 'jobs']) {
      const { stage_jobs } = JSON.parse(await answer(command, RUN_ID, '--json'));
      expect(stage_jobs).toEqual([{ stage: 'ocr', run_attempt: 1, occurrence: 1, ...jobs }]);
    }
  });
});

test.for([
  [['jobs', 'no_such_run'], 1],
  [['jobs', '--status', 'odd'], 2],
  [['jobs', '--limit', '0'], 2],
] as const)('%j ends with exit code %d, and nothing on stdout', async ([args, code]) => {
  expect(await milepost(...args)).toMatchObject({ code, out: '', err: expect.stringMatching(/./) });
});
