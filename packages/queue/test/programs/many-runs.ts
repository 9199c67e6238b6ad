import { readdirSync } from 'node:fs';
import { type Job, Queue, Worker } from 'bullmq';
import { type JobEnvelope, beginRun, createJob, endRun } from '@milepost/core';
import { asJob, carryRuns, jobOptions, watchWorker } from '@milepost/queue';

/*
 * Adds and works off the jobs of many runs in one process, and prints what it still holds, as lines of JSON. By hand, on a Redis:
 *
 *   node --expose-gc --conditions=@milepost/source packages/queue/test/programs/many-runs.ts <port> 2000 50
 */
const [port = 6379, runs = 0, jobsOfARun = 0] = process.argv.slice(2).map(Number);
const LOOKS = 10;
const RUNS_AT_ONCE = 10;

const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
const queue = carryRuns(new Queue('many', { connection }), { stage: 'ocr' });
const left = new Map<string, { jobs: number; readonly over: () => void }>();
const worker = watchWorker(
  new Worker(
    'many',
    asJob(async (job: Job<{ key: string; fails: boolean }>) => {
      if (job.data.fails && job.attemptsStarted === 1) throw new Error('not yet');
    }),
    { connection, concurrency: 20, removeOnComplete: { count: 0 } },
  ),
  { failureEnds: 'run' },
);
worker.on('completed', ({ data }) => {
  const run = left.get(data.key);
  if (run === undefined) return;
  run.jobs -= 1;
  if (run.jobs === 0) run.over();
});

async function oneRun(key: string): Promise<void> {
  const run = beginRun({ pipeline: 'many', subdomain: 'alameda' });
  const over = new Promise<void>((resolve) => {
    left.set(key, { jobs: jobsOfARun, over: resolve });
  });
  await queue.addBulk(
    Array.from({ length: jobsOfARun }, (_, page) => ({
      name: 'ocr_page_job',
      data: { key, fails: page === 0 },
      opts: jobOptions<object>(jobOf(run), { attempts: 2 }),
    })),
  );
  await over;
  left.delete(key);
  endRun(run);
}

function jobOf(run: ReturnType<typeof beginRun>): JobEnvelope {
  return createJob({ run, name: 'ocr_page_job' });
}

/** How many entries all collections have that the copies of `@milepost/core` share, however deep. */
function retained(): number {
  const seen = new Set<object>();
  const count = (value: unknown): number => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return 0;
    seen.add(value);
    const entries = value instanceof Map || value instanceof Set ? [...value.entries()].flat() : [];
    return [...entries, ...Object.values(value)].reduce(
      (sum: number, entry) => sum + count(entry),
      entries.length / 2,
    );
  };
  return count(Reflect.get(globalThis, Symbol.for('@milepost/core/1')));
}

for (let look = 1; look <= LOOKS; look += 1) {
  for (let begun = 0; begun < runs / LOOKS; begun += RUNS_AT_ONCE) {
    await Promise.all(
      Array.from({ length: RUNS_AT_ONCE }, (_, index) => oneRun(`${look}.${begun + index}`)),
    );
  }
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
  const files = readdirSync('/proc/self/fd').length;
  process.stdout.write(
    `${JSON.stringify({
      runs: (look * runs) / LOOKS,
      retained: retained(),
      files,
      heapMb: megabytes(heapUsed),
      rssMb: megabytes(rss),
    })}\n`,
  );
}
await worker.close();
await queue.close();
