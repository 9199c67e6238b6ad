import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { getStringFromEnv } from '@opentelemetry/core';
import { type ExitWork } from './exit-message.ts';

/**
 * Starts the thread that sends: `exit-sender.ts`, or `exit-sender.js` where this is built. It keeps nothing alive.
 * @throws Error where a thread cannot be started
 */
export function startExitSender(work: ExitWork): Worker {
  const file = new URL(`./exit-sender${extname(import.meta.url)}`, import.meta.url);
  // A bundle of the program may have left it behind. The thread would only say so when nobody listens any more.
  if (!existsSync(file)) throw new Error(`there is no ${file.href}`);
  const rejectUnauthorized = getStringFromEnv('NODE_TLS_REJECT_UNAUTHORIZED');
  const worker = new Worker(file, {
    name: 'milepost-exit',
    workerData: work,
    transferList: [
      work.port,
      ...work.batches.flatMap(({ requests }) => requests.map(({ body }) => body.buffer)),
    ],
    // Nothing of the program is loaded once more: neither by its options nor by those of the environment.
    execArgv: [],
    env:
      rejectUnauthorized === undefined ? {} : { NODE_TLS_REJECT_UNAUTHORIZED: rejectUnauthorized },
    stdout: true,
    stderr: true,
  });
  worker.unref();
  // Without a listener an error in it would be one of the program.
  worker.on('error', () => undefined);
  return worker;
}
