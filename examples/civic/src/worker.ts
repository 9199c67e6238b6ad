import { openOcrEngine, type OcrEngine } from '@milepost/example-documents/ocr-engine';
import { startDemoTelemetry } from '@milepost/example-documents/start-telemetry';
import { openRegistry } from '@milepost/registry';
import { doneParts } from './done-parts.ts';
import { type OcrData } from './job-data.ts';
import { closeQueues, openQueues } from './queues.ts';
import { connectRedis } from './redis-place.ts';
import { startWorkers } from './start-workers.ts';
import { parseTask, type WorkerNews } from './worker-messages.ts';

// A worker process: it takes jobs of every queue until the program that started it hangs up.

const KILLED_LOCK_MS = 5_000;
const LOCK_MS = 30_000;
const GIVE_UP_MS = 60_000;

const told = Promise.withResolvers<unknown>();
const hungUp = Promise.withResolvers<void>();
process.once('message', told.resolve);
process.once('disconnect', () => {
  hungUp.resolve();
  // Where Redis is gone too, nothing else would end it.
  setTimeout(() => process.exit(1), GIVE_UP_MS).unref();
});
const { redis: place, prefix, root, killOne } = parseTask(await told.promise);

const registry = openRegistry({ root });
const { telemetry } = await startDemoTelemetry({ serviceName: 'civic', registry });
const redis = connectRedis(place);
const queues = openQueues({ connection: place, prefix });
let engine: Promise<OcrEngine> | undefined;

const workers = await startWorkers(
  {
    queues,
    done: doneParts(redis, prefix),
    ocrEngine: () => (engine ??= openOcrEngine({ workers: 1 })),
    ...(killOne && { onPage: waitToBeKilled }),
  },
  {
    connection: { ...place, maxRetriesPerRequest: null },
    prefix,
    // How long after the death of its worker a job is given to another one. Who is killed for show is not waited for so long.
    lockDuration: killOne ? KILLED_LOCK_MS : LOCK_MS,
    stalledInterval: killOne ? 1_000 : LOCK_MS / 2,
    maxStalledCount: 3,
  },
);
await tell({ kind: 'ready' });
await hungUp.promise;
await workers.close();
await closeQueues(queues);
await redis.quit();
await (await engine)?.close();
await telemetry.shutdown();
await registry.close();

/** Whoever begins the page in the middle says so, and reads no further. */
async function waitToBeKilled({ order, ocr, page }: OcrData): Promise<void> {
  const begun = await redis.incr(`${prefix}:begun:${order.key}`);
  if (begun !== Math.ceil((ocr.stage.expected ?? 1) / 2)) return;
  // Who is to be killed has told what it did before, as after the seconds that the recognition of a page takes.
  await registry.flush();
  await telemetry.flush();
  await tell({ kind: 'waiting', reading: `${page?.pdf.name}, page ${page?.number}` });
  await new Promise(() => {});
}

function tell(news: WorkerNews): Promise<void> {
  return new Promise((resolve) => {
    // Where nobody listens any more, `disconnect` says so.
    if (process.send === undefined) resolve();
    else process.send(news, () => resolve());
  });
}
