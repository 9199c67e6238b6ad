// A run that hands work over by every carrier: `node book.mjs`, or with `rubbish` what is no envelope. Prints what came back, as JSON.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { childEnvironment, createJob, withJob, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { jobHeaders } from '@milepost/queue';

const isRubbish = process.argv[2] === 'rubbish';
const RENDERER = fileURLToPath(new URL('renderer.mjs', import.meta.url));
const PYTHON = fileURLToPath(new URL('../python/milepost_worker.py', import.meta.url));
const TEXT = 'the council met at seven';

const jobNamed = (name) => (isRubbish ? { version: 0 } : createJob({ name, parentJobId: 'book' }));
const headersOf = (job) =>
  isRubbish ? { 'milepost-job': '{"version":', traceparent: 'rubbish' } : jobHeaders(job);

async function answerOf(child) {
  const [answer, [code]] = await Promise.all([json(child.stdout), once(child, 'close')]);
  if (code !== 0) throw new Error(`ended with ${code}`);
  return answer;
}

/** What a process or thread says before it ends. */
async function messageOf(other, end) {
  const [[message]] = await Promise.all([once(other, 'message'), once(other, end)]);
  return message;
}

function run(command, args, env = {}) {
  const stdio = ['pipe', 'pipe', 'inherit'];
  const child = spawn(command, args, { stdio, env: { ...process.env, ...env } });
  child.stdin.end(TEXT);
  return answerOf(child);
}

const renderer = (...args) => run(process.execPath, [...process.execArgv, RENDERER, ...args]);

const telemetry = await startTelemetry({ serviceName: 'book', timeoutMs: 20_000 });
const answers = await withRun(
  { pipeline: 'book', subdomain: 'Zürich 😀', runId: 'zurich_1737072000_abc123' },
  () =>
    withStage('render', async () => {
      const byArgument = await renderer('argument', JSON.stringify(jobNamed('by_argument')));

      const child = fork(RENDERER, ['message'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      child.send({ job: jobNamed('by_message') });
      const byMessage = await messageOf(child, 'close');

      const data = new Worker(RENDERER, { workerData: { job: jobNamed('by_worker_data') } });
      const byWorkerData = await messageOf(data, 'exit');

      const thread = new Worker(RENDERER, { workerData: {} });
      thread.postMessage({ job: jobNamed('by_post_message') });
      const byPostMessage = await messageOf(thread, 'exit');

      const server = spawn(process.execPath, [...process.execArgv, RENDERER, 'http'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(server, 'close');
      const [port] = await once(server.stdout, 'data');
      const url = `http://127.0.0.1:${Number(String(port))}`;
      const response = await fetch(url, { headers: headersOf(jobNamed('by_http')) });
      const byHttp = await response.json();
      await closed;

      const env = isRubbish ? { MILEPOST_RUN: '{"version":0}' } : childEnvironment();
      const byEnvironment = await run(
        process.execPath,
        [...process.execArgv, RENDERER, 'environment'],
        env,
      );

      const inJob = isRubbish
        ? undefined
        : await withJob(jobNamed('spawning_job'), { queue: 'spawn', jobId: 'spawn-1' }, () =>
            run(
              process.execPath,
              [...process.execArgv, RENDERER, 'environment'],
              childEnvironment(),
            ),
          );

      const toPython = JSON.stringify(jobNamed('count_words_job'));
      const byPython = await run('python3', ['-B', PYTHON, 'job', 'words', '17', '1', toPython]);
      const fromPython = await renderer('argument', JSON.stringify(byPython.next));
      const pythonStage = isRubbish
        ? undefined
        : await run('python3', ['-B', PYTHON, 'stage', 'count'], childEnvironment());

      return {
        byArgument,
        byMessage,
        byWorkerData,
        byPostMessage,
        byHttp,
        byEnvironment,
        inJob,
        words: byPython.words,
        fromPython,
        pythonStage,
      };
    }),
);
await telemetry.shutdown();
process.stdout.write(JSON.stringify(answers));
