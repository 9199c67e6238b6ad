import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { currentRun, endRun, endStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { asJob } from '@milepost/queue';
import { openRegistry } from '@milepost/registry';

// One of the workers that end a stage and its run at the same time, as often as asked for: `node close-runs.ts times workers`.
const [times = '1', workers = '1'] = process.argv.slice(2);
const { MILEPOST_ROOT: root = 'data', REDIS_PORT: port = '' } = process.env;

const registry = openRegistry({ root });
const telemetry = await startTelemetry({ serviceName: 'closer', registry });
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const redis = new Redis(connection);

/** Resolves when all workers have come that far. */
async function together(where: string): Promise<void> {
  const come = await redis.incr(`come:${where}`);
  if (come === Number(workers)) {
    await redis.lpush(`gate:${where}`, ...Array.from({ length: come }, (_, index) => index));
  }
  await redis.blpop(`gate:${where}`, 0);
}

let closed = 0;
const over = Promise.withResolvers<void>();
const worker = new Worker(
  'close',
  asJob(async () => {
    await together(String(currentRun()?.runId));
    endStage();
    endRun();
  }),
  { connection },
);
worker.on('completed', () => {
  closed += 1;
  if (closed === Number(times)) over.resolve();
});
await over.promise;
await worker.close();
await redis.quit();
await telemetry.shutdown();
await registry.close();
