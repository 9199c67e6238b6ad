import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withRun } from '@milepost/core';
import { serializerOf } from '@milepost/delivery';
import { asJob, carryRuns } from '@milepost/queue';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { RedisServer } from '../stack/redis-server.ts';
import { BullJobs } from './bull-jobs.ts';
import { CountingSdk } from './sdk.ts';

/*
 * How a run grows with its jobs, each in a trace of its own: what a job costs (main-thread CPU, besides what BullMQ alone
 * takes for as many), the memory of the process, the trace, the hub and the journal of the run, and how long `milepost show`
 * takes.
 *
 *   npm run bench:jobs [jobs of the largest run]
 */
const most = Number(process.argv[2] ?? 10_000);
const sizes = [100, 1000, most];
const cli = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'src', 'milepost.ts');

const redis = await RedisServer.start();
const root = await mkdtemp(join(tmpdir(), 'milepost-bench-'));
const registry = openRegistry({ root });
const disconnect = connectRegistry(registry);
const sdk = new CountingSdk();
const serializer = serializerOf('traces', 'http/protobuf');
let rootTrace = '';
let ofRun = { spans: 0, bytes: 0 };
sdk.registerTraces((span) => {
  if (span.spanContext().traceId !== rootTrace) return;
  ofRun.spans += 1;
  ofRun.bytes += serializer.serializeRequest([span])?.length ?? 0;
});
sdk.registerLogs();
sdk.registerMetrics();

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

async function bytesIn(directory: string): Promise<number> {
  const names = await readdir(directory);
  const sizesOf = await Promise.all(names.map(async (name) => stat(join(directory, name))));
  return sizesOf.reduce((total, { size }) => total + size, 0);
}

/** In seconds, the start of the program included. */
function timeOf(...args: readonly string[]): number {
  const begun = performance.now();
  execFileSync(process.execPath, ['--conditions=@milepost/source', cli, ...args], {
    env: { ...process.env, MILEPOST_ROOT: root },
    maxBuffer: 1 << 30,
  });
  return (performance.now() - begun) / 1000;
}

const plain = new BullJobs('plain', redis.port);
const linked = new BullJobs('linked', redis.port, {
  around: {
    queue: (queue) => carryRuns(queue, { stage: 'ocr' }),
    processor: (processor) => asJob(processor, { trace: 'link' }),
  },
});

async function inRun(runId: string, count: number): Promise<void> {
  await withRun({ pipeline: 'minutes', runId }, (run) => {
    rootTrace = run.traceId;
    return linked.run(count);
  });
  await registry.flush();
}

try {
  await Promise.all([plain.ready(), linked.ready()]);
  await plain.run(1000);
  await inRun('warm', 1000);
  const rows: Record<string, unknown>[] = [];
  for (const size of sizes) {
    // As many jobs in all, so that the least are above what the clock tells apart.
    const times = Math.max(1, Math.min(20, Math.floor(2000 / size)));
    const alone: number[] = [];
    const ours: number[] = [];
    for (let time = 1; time <= times; time += 1) {
      alone.push(await cpuOf(() => plain.run(size)));
      ofRun = { spans: 0, bytes: 0 };
      ours.push(await cpuOf(() => inRun(`r${size}_${time}`, size)));
    }
    const perJob = (all: readonly number[]): number =>
      all.reduce((total, one) => total + one, 0) / times / size;
    const runId = `r${size}_1`;
    const hub = (await stat(join(root, 'analytics', 'job_registry', `${runId}.json`))).size;
    const journal = await bytesIn(join(root, '.milepost', 'journal', runId));
    rows.push({
      jobs: size,
      'us a job, BullMQ alone': Math.round(perJob(alone)),
      'us a job, with us': Math.round(perJob(ours)),
      'hub, bytes a job': Math.round(hub / size),
      'journal, bytes a job': Math.round(journal / size),
      'spans in its trace': ofRun.spans,
      'trace, bytes': ofRun.bytes,
      'show, s': timeOf('show', runId).toFixed(2),
      'jobs --json, s': timeOf('jobs', runId, '--limit', 'all', '--json').toFixed(2),
      'RSS, MB': Math.round(process.memoryUsage().rss / 1e6),
    });
  }
  console.log(`the program alone, without a run: ${timeOf('--version').toFixed(2)} s`);
  for (const row of rows) {
    console.log(
      `\n${Object.entries(row)
        .map(([name, value]) => `${name.padEnd(24)} ${String(value).padStart(10)}`)
        .join('\n')}`,
    );
  }
  console.log(`\nmost memory of the process: ${process.resourceUsage().maxRSS / 1000} MB`);
} finally {
  await Promise.all([plain.close(), linked.close()]);
  disconnect();
  await registry.close();
  await redis.stop();
  await rm(root, { recursive: true });
}
