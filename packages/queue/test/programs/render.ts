import { createServer } from 'node:http';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { currentRun, log, withJob } from '@milepost/core';
import { jobFromHeaders } from '@milepost/queue';
import { recordTo } from './recording-sdk.ts';

// Renders a page elsewhere: in a process that is told by its arguments or by messages, in a thread, or behind HTTP.
const [, , mode = '', file = '', argument] = process.argv;
const inThread = threadId !== 0 ? workerData : undefined;
recordTo(inThread?.file ?? file);

function render(job: unknown, queue: string): string | undefined {
  return withJob(job, { queue, jobId: 'page-1' }, () => {
    log.info('rendering');
    return currentRun()?.runId;
  });
}

if (inThread !== undefined) {
  parentPort?.postMessage(render(inThread.job, 'threads'));
} else if (mode === 'arguments') {
  process.stdout.write(String(render(argument, 'arguments')));
} else if (mode === 'messages') {
  process.once('message', (message: { readonly job: unknown }) => {
    process.send?.(render(message.job, 'messages'));
    process.disconnect();
  });
} else {
  const server = createServer((request, response) => {
    response.end(render(jobFromHeaders(request.headers), 'http'));
    server.close();
  }).listen(0, '127.0.0.1', () => {
    process.stdout.write(JSON.stringify(server.address()));
  });
}
