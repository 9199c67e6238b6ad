// Goes on with a run that it is told of by arguments, a message, the data of a thread or its messages, an HTTP request, or the
// environment. Answers with the ID of the run that it was in, in the way in which it was asked.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { currentRun, log, withJob, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { jobFromHeaders } from '@milepost/queue';

const [mode, argument] = process.argv.slice(2);
const telemetry = await startTelemetry({ serviceName: 'renderer', timeoutMs: 20_000 });

const render = (job) =>
  withJob(job, { queue: 'render', jobId: 'page-1' }, async () => {
    log.info('rendering');
    return currentRun().runId;
  });

async function inThread() {
  const { job } = 'job' in workerData ? workerData : (await once(parentPort, 'message'))[0];
  const runId = await render(job);
  await telemetry.shutdown();
  parentPort.postMessage(runId);
}

const modes = {
  async argument() {
    process.stdout.write(JSON.stringify(await render(argument)));
  },
  async message() {
    const [{ job }] = await once(process, 'message');
    process.send(await render(job));
    process.disconnect();
  },
  async http() {
    const server = createServer((request, response) => {
      void render(jobFromHeaders(request.headers)).then((runId) => {
        response.writeHead(200, { connection: 'close' }).end(JSON.stringify(runId));
        server.close();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.stdout.write(String(server.address().port));
    await once(server, 'close');
  },
  async environment() {
    const runId = await withRun({ pipeline: 'renderer' }, (run) =>
      withStage('print', async () => run.runId),
    );
    process.stdout.write(JSON.stringify(runId));
  },
};

if (isMainThread) {
  await modes[mode]();
  await telemetry.shutdown();
} else {
  await inThread();
}
