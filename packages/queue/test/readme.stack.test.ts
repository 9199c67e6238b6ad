import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runProgram } from '../../core/test/run-program.ts';
import { useRedis } from './redis-server.ts';

const redis = useRedis();
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const [twoLines = '', wholeRun = '', listener = '', flowsAndSchedulers = ''] = Array.from(
  readme.matchAll(/^```ts\n(.*?)^```$/gms),
  ([, code = '']) => code,
);

/** An example, between what its reader has and what shows that it did what it says. */
async function runExample(before: string, example: string, after: string): Promise<unknown> {
  const { code, stdout, stderr } = await runProgram(`
    import { FlowProducer, Queue, Worker } from 'bullmq';
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

const IMPORTS = `import { beginRun, createJob, endRun } from '@milepost/core';
  import { asJob, carryRuns, jobOptions } from '@milepost/queue';`;

test('a listener goes on with the run of its job', async () => {
  const told = await runExample(
    `${IMPORTS}
     const extract = async () => undefined;
     const deployments = carryRuns(new Queue('deploy', { connection }));
     new Worker('deploy', asJob(async () => endRun()), { connection });`,
    listener,
    `const run = beginRun({ pipeline: 'minutes' });
     const first = jobOptions(createJob({ run, name: 'extract_job' }));
     await new Queue('extract', { connection }).add('extract_job', { page: 1 }, first);
     await ended;
     const jobs = events.filter(({ type }) => type === 'job_ended');
     console.log(JSON.stringify({
       jobs: jobs.map(({ job, run: { pipeline } }) => job.name + ' of ' + pipeline),
       parents: jobs.map(({ job }) => job.parentJobId === jobs[0].job.jobId),
       runs: events.filter(({ type }) => type === 'run_ended').map(({ run: { runId } }) => runId === run.run.id),
     }));`,
  );
  expect(told).toEqual({
    jobs: ['extract_job of minutes', 'deploy_job of minutes'],
    parents: [false, true],
    runs: [true],
  });
});

test('a flow is in a run that was begun, and a scheduler begins its own', async () => {
  const told = await runExample(
    `${IMPORTS}
     const swept = Promise.withResolvers();
     const published = Promise.withResolvers();
     new Worker('render', asJob(async () => undefined), { connection });
     new Worker('publish', asJob(async () => endRun()), { connection }).on('completed', published.resolve);
     new Worker('sweep', asJob(async () => endRun()), { connection }).on('completed', swept.resolve);
     const run = beginRun({ pipeline: 'minutes' });`,
    flowsAndSchedulers,
    `await Promise.all([swept.promise, published.promise]);
     console.log(JSON.stringify({
       jobs: events.filter(({ type }) => type === 'job_ended').map(({ job, run }) => job.name + ' of ' + run.pipeline).toSorted(),
       runs: events.filter(({ type }) => type === 'run_ended').map(({ run, status }) => run.pipeline + ' ' + status).toSorted(),
     }));`,
  );
  expect(told).toEqual({
    jobs: ['publish_job of minutes', 'render_job of minutes', 'sweep_job of sweep'],
    runs: ['minutes completed', 'sweep completed'],
  });
});
