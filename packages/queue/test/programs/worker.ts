import { Worker } from 'bullmq';
import { withStage } from '@milepost/core';
import { asJob } from '@milepost/queue';
import { recordTo } from './recording-sdk.ts';

// A worker in a process of its own, which hangs in its first job: it is there to be killed.
const { RECORD_TO = '', REDIS_PORT = '' } = process.env;
recordTo(RECORD_TO);

const worker = new Worker(
  'ocr',
  asJob(() =>
    withStage('ocr', async () => {
      process.stdout.write('hanging\n');
      await new Promise(() => undefined);
    }),
  ),
  {
    connection: { host: '127.0.0.1', port: Number(REDIS_PORT), maxRetriesPerRequest: null },
    lockDuration: 300,
    stalledInterval: 100,
  },
);
await worker.waitUntilReady();
