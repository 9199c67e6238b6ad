import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runProgram } from '../../core/test/run-program.ts';
import { useRedis } from './redis-server.ts';

const redis = useRedis();
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const [twoLines = '', wholeRun = ''] = Array.from(
  readme.matchAll(/^```ts\n(.*?)^```$/gms),
  ([, code = '']) => code,
);

/** An example, between what its reader has and what shows that it did what it says. */
async function runExample(before: string, example: string, after: string): Promise<unknown> {
  const { code, stdout, stderr } = await runProgram(`
    import { Queue, Worker } from 'bullmq';
    import { currentRun, withRun } from '@milepost/core';
    import { subscribeLifecycle } from '@milepost/core/hooks';
    const connection = { port: ${redis.port}, maxRetriesPerRequest: null };
    const events = [];
    const ended = new Promise((resolve) => {
      subscribeLifecycle({
        onEvent(event) {
          events.push(event);
          if (event.type === 'run_ended') resolve();
        },
      });
    });
    ${before}
    ${example.replace("import { Queue, Worker } from 'bullmq';", '')}
    ${after}
    process.exit(0);`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('two lines carry the run', async () => {
  const ranIn = await runExample(
    'const ocrPage = async () => currentRun().runId;',
    twoLines,
    `const completed = new Promise((resolve) => worker.on('completed', (_, result) => resolve(result)));
     const runId = await withRun({ pipeline: 'minutes' }, async (run) => {
       await queue.add('ocr_page_job', { pdf: 'a.pdf' });
       return run.runId;
     });
     console.log(JSON.stringify({ same: (await completed) === runId }));`,
  );
  expect(ranIn).toEqual({ same: true });
});

const BEFORE = `const site = 'alameda';
  let left = 3;
  const fetchPdfs = async () => ['a.pdf', 'b.pdf', 'c.pdf'];
  const ocrPage = async () => ({ isLast: --left === 0 });
  const deploy = async () => undefined;`;
const AFTER = `await ended;
  console.log(JSON.stringify({
    run: events.filter(({ type }) => type === 'run_ended').map(({ run, status }) => [run.subdomain, status]),
    stages: events.filter(({ type }) => type === 'stage_ended').map(({ stage, status }) => [stage.name, status]),
    jobs: events.filter(({ type }) => type === 'job_ended').map(({ job, status }) => job.name + ' ' + status).toSorted(),
  }));`;
const PAGES = ['completed', 'completed', 'completed'].map((status) => `ocr_page_job ${status}`);

test('a run goes over four queues', async () => {
  expect(await runExample(BEFORE, wholeRun, AFTER)).toEqual({
    run: [['alameda', 'completed']],
    stages: [
      ['fetch', 'completed'],
      ['ocr', 'completed'],
      ['deploy', 'completed'],
    ],
    jobs: [
      'deploy_job completed',
      'fetch_site_job completed',
      'ocr_complete_coordinator completed',
      ...PAGES,
    ],
  });
});

const fail = 'throw new Error("no");';

test.for([
  {
    what: 'the first one',
    before: BEFORE.replace("=> ['a.pdf', 'b.pdf', 'c.pdf']", `=> { ${fail} }`),
    stages: [['fetch', 'failed']],
    jobs: ['fetch_site_job failed'],
  },
  {
    what: 'one of a spread stage',
    before: BEFORE.replace('({ isLast: --left === 0 })', `{ if (--left === 0) ${fail} return {} }`),
    stages: [
      ['fetch', 'completed'],
      ['ocr', 'failed'],
    ],
    jobs: ['fetch_site_job completed', ...PAGES.slice(1), 'ocr_page_job failed'],
  },
  {
    what: 'the last one',
    before: BEFORE.replace('=> undefined', `=> { ${fail} }`),
    stages: [
      ['fetch', 'completed'],
      ['ocr', 'completed'],
      ['deploy', 'failed'],
    ],
    jobs: [
      'deploy_job failed',
      'fetch_site_job completed',
      'ocr_complete_coordinator completed',
      ...PAGES,
    ],
  },
])('a job that fails for good ends the run: $what', async ({ before, stages, jobs }) => {
  const told = await runExample(before, wholeRun, AFTER);
  expect(told).toEqual({ run: [['alameda', 'failed']], stages, jobs });
});
