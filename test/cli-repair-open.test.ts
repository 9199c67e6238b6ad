import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { runCli } from '@milepost/cli';
import {
  type RunEnvelope,
  beginRun,
  beginStage,
  createJob,
  endStage,
  withJob,
  withStage,
} from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';

// What `milepost repair` makes of runs that were begun for jobs to end, and that no job ended.

beforeEach(() => {
  vi.stubEnv('NO_COLOR', '1');
  return () => vi.unstubAllEnvs();
});

/** The root of a registry that has the run `r1`. */
async function rootWith(work: (run: RunEnvelope) => void): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'milepost-cli-repair-open-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const registry = openRegistry({ root });
  const disconnect = connectRegistry(registry);
  work(beginRun({ pipeline: 'minutes', runId: 'r1', stages: ['fetch', 'ocr', 'deploy'] }));
  await registry.flush();
  disconnect();
  await registry.close();
  return root;
}

async function milepost(root: string, ...args: readonly string[]): Promise<string> {
  const stdout = Object.assign(new PassThrough(), { columns: 200 });
  const stderr = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  const env = { MILEPOST_ROOT: root };
  const code = await runCli(args, { stdout, stderr, env, cwd: root, now: Date.now });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

interface PlanAnswer {
  readonly began: boolean;
  readonly pending_stages: readonly string[];
  readonly ends: readonly { readonly unit: string; readonly status: string }[];
}

async function planned(root: string, ...args: readonly string[]): Promise<PlanAnswer> {
  return JSON.parse(await milepost(root, 'repair', '--json', ...args, 'r1')).runs[0];
}

const job = { queue: 'civic', jobId: '1' };

/** Work of a run, whether a stage or job of it began, what did not, and how a repair ends it. */
const RUNS: readonly (readonly [
  string,
  (run: RunEnvelope) => void,
  Pick<PlanAnswer, 'began' | 'pending_stages'>,
  string,
  string,
])[] = [
  [
    'nothing began',
    () => undefined,
    { began: false, pending_stages: ['fetch', 'ocr', 'deploy'] },
    'cancelled',
    'nobody is known who would end it; no stage and no job of it ever began',
  ],
  [
    'a job ran, and no stage',
    (run) => withJob(createJob({ run, name: 'fetch_job' }), job, () => undefined),
    { began: true, pending_stages: ['fetch', 'ocr', 'deploy'] },
    'completed',
    'nobody is known who would end it; fetch, ocr, deploy never began',
  ],
  [
    'some stages ran',
    (run) =>
      withJob(createJob({ run, name: 'fetch_job' }), job, () =>
        withStage('fetch', () => undefined),
      ),
    { began: true, pending_stages: ['ocr', 'deploy'] },
    'completed',
    'nobody is known who would end it; ocr, deploy never began',
  ],
  [
    'a stage was begun for jobs, and ended by one',
    (run) =>
      withJob(createJob({ run, name: 'fetch_job' }), job, () => {
        withStage('fetch', () => undefined);
        endStage(beginStage('ocr'));
        withStage('deploy', () => undefined);
      }),
    { began: true, pending_stages: [] },
    'completed',
    'nobody is known who would end it',
  ],
];

test.for(RUNS)('of a run in which %s', async ([_, work, told, status, why]) => {
  const root = await rootWith(work);
  expect(await planned(root)).toMatchObject({ ...told, ends: [{ unit: 'run', status }] });
  const end = (verb: string): RegExp =>
    new RegExp(`the run +${verb} ${status} at .* UTC  ${why}\n`);
  expect(await milepost(root, 'repair', 'r1')).toMatch(end('would end as'));
  expect(await milepost(root, 'repair', '--confirm', 'r1')).toMatch(end('ended as'));
  expect(JSON.parse(await milepost(root, 'show', '--json', 'r1'))).toMatchObject({ status });
  expect(await milepost(root, 'verify', 'r1')).toContain('all is as it should be');
});

test('a status that was named is taken as it is', async () => {
  const root = await rootWith(() => undefined);
  expect(await planned(root, '--status', 'failed')).toMatchObject({
    began: false,
    ends: [{ unit: 'run', status: 'failed' }],
  });
});
