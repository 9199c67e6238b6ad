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

test('a run goes over four queues', async () => {
  const told = await runExample(
    `const site = 'alameda';
     let left = 3;
     const fetchPdfs = async () => ['a.pdf', 'b.pdf', 'c.pdf'];
     const ocrPage = async () => ({ isLast: --left === 0 });
     const deploy = async () => undefined;`,
    wholeRun,
    `const processors = { fetch: fetchJob, ocr: pageJob, coordinate: coordinatorJob, deploy: deployJob };
     for (const [name, processor] of Object.entries(processors)) new Worker(name, processor, { connection });
     await ended;
     console.log(JSON.stringify({
       run: events.filter(({ type }) => type === 'run_ended').map(({ run, status }) => [run.subdomain, status]),
       stages: events.filter(({ type }) => type === 'stage_ended').map(({ stage, status }) => [stage.name, status]),
       jobs: events.filter(({ type }) => type === 'job_ended').map(({ job, status }) => job.name + ' ' + status).toSorted(),
     }));`,
  );
  expect(told).toEqual({
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
      'ocr_page_job completed',
      'ocr_page_job completed',
      'ocr_page_job completed',
    ],
  });
});
