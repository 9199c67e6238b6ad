import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BullMQOtel } from 'bullmq-otel';
import { withRun } from '@milepost/core';
import { asJob, carryRuns } from '@milepost/queue';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { SCOPE_NAME } from '@milepost/semconv';
import { RedisServer } from '../stack/redis-server.ts';
import { BullJobs } from './bull-jobs.ts';
import { handWritten } from './hand-written-job.ts';
import { type Contender, measure } from './measure.ts';
import { CountingSdk } from './sdk.ts';

/*
 * What one job of BullMQ costs, added and run in this process on a real Redis: main-thread CPU, interleaved rounds, medians.
 * The signals are switched on one after the other, so that the table says what each of them costs. What a round costs besides
 * its jobs (the begin and the end of a run, its files) is among the cost of its jobs.
 *
 * Two proportions: of the whole job, BullMQ's own work included, which is what a machine has to do for it and what the goal is
 * about; and of what is added to BullMQ alone.
 *
 *   npm run bench:queue [rounds] [jobs of a round]
 */
const rounds = Number(process.argv[2] ?? 11);
const perRound = Number(process.argv[3] ?? 1000);
/** Of a whole job of ours with everything, against a whole job with the spans of `bullmq-otel` alone. */
const GOAL = 1.25;

const redis = await RedisServer.start();
const root = await mkdtemp(join(tmpdir(), 'milepost-bench-'));
const registry = openRegistry({ root });
const sdk = new CountingSdk();
/** Those of Milepost: an idle worker of `bullmq-otel` makes spans too. */
let ownSpans = 0;

const plain = new BullJobs('plain', redis.port);
const ours = new BullJobs('ours', redis.port, {
  around: { queue: (queue) => carryRuns(queue, { stage: 'ocr' }), processor: asJob },
});
const inRun = (count: number): Promise<void> =>
  withRun({ pipeline: 'minutes', subdomain: 'alameda' }, () => ours.run(count));
const recorded = async (count: number): Promise<void> => {
  const disconnect = connectRegistry(registry);
  await inRun(count);
  await registry.flush();
  disconnect();
};

const PLAIN: Contender = { name: 'BullMQ alone', run: (count) => plain.run(count) };

/** Measures, and prints what a job costs, how much of that is not BullMQ's own, and what both are of the baseline. */
async function compare(
  title: string,
  contenders: readonly Contender[],
  baseline: Contender = PLAIN,
): Promise<void> {
  const found = await measure(contenders, rounds, perRound);
  const costOf = (wanted: Contender): number =>
    found[contenders.indexOf(wanted)]?.microseconds ?? Number.NaN;
  console.log(`\n${title}`);
  for (const { name, microseconds } of found) {
    const added = microseconds - costOf(PLAIN);
    const addedByBaseline = costOf(baseline) - costOf(PLAIN);
    const ofAdded = addedByBaseline > 0 ? `${(added / addedByBaseline).toFixed(1)} x` : '';
    console.log(
      `  ${name.padEnd(32)} ${microseconds.toFixed(0).padStart(5)} us ${(microseconds / costOf(baseline)).toFixed(2).padStart(5)} x` +
        `  ${added.toFixed(0).padStart(5)} us more ${ofAdded.padStart(6)}`,
    );
  }
}

/** Makes sure that nobody is cheaper by doing less. */
async function check(otel: Contender): Promise<void> {
  const seenIn = async (run: Contender['run']): Promise<readonly number[]> => {
    const before = [sdk.seen.spans - ownSpans, ownSpans, sdk.seen.logs] as const;
    await run(100);
    const after = [sdk.seen.spans - ownSpans, ownSpans, sdk.seen.logs] as const;
    return after.map((count, index) => count - (before[index] ?? 0));
  };
  const [otelSpans = 0, ...noneOfOurs] = await seenIn(otel.run);
  assert.ok(otelSpans >= 200, `${otelSpans} spans of bullmq-otel`);
  assert.deepEqual(noneOfOurs, [0, 0]);
  // A span and two logs a job, and those of the run.
  assert.deepEqual((await seenIn(inRun)).slice(1), [101, 202]);
  const before = (await registry.listRuns()).total;
  assert.deepEqual((await seenIn(recorded)).slice(1), [101, 202]);
  const { runs, total } = await registry.listRuns({ limit: 1 });
  assert.equal(total, before + 1);
  const run = await registry.readRun(runs[0]?.runId ?? '');
  assert.deepEqual(
    { status: run?.status, jobs: run?.jobs.filter(({ state }) => state === 'completed').length },
    { status: 'completed', jobs: 100 },
  );
}

let otel: BullJobs | undefined;
let hand: BullJobs | undefined;
try {
  await Promise.all([plain.ready(), ours.ready()]);
  console.log(
    `${rounds} rounds of ${perRound} jobs; goal: a whole job with all of ours at most ${GOAL} x one with bullmq-otel`,
  );
  await compare('no SDK', [PLAIN, { name: 'ours: envelope and context', run: inRun }]);
  sdk.registerTraces(({ instrumentationScope }) => {
    if (instrumentationScope.name === SCOPE_NAME) ownSpans += 1;
  });
  // It takes its tracer here, once.
  const otelJobs = new BullJobs('otel', redis.port, {
    telemetry: new BullMQOtel({ tracerName: 'bullmq' }),
  });
  otel = otelJobs;
  await otel.ready();
  const bullOtel: Contender = { name: 'bullmq-otel: spans', run: (count) => otelJobs.run(count) };
  await compare('traces', [PLAIN, bullOtel, { name: 'ours: spans', run: inRun }], bullOtel);
  sdk.registerLogs();
  await compare('and logs', [PLAIN, bullOtel, { name: 'ours: spans, logs', run: inRun }], bullOtel);
  sdk.registerMetrics();
  await check(bullOtel);
  const handJobs = new BullJobs('hand', redis.port, {
    around: { queue: (queue) => queue, processor: handWritten },
  });
  hand = handJobs;
  await hand.ready();
  const byHand = { name: 'the same signals by hand', run: (count: number) => handJobs.run(count) };
  const all = { name: 'ours: spans, logs, metrics', run: inRun };
  const record = { name: 'ours: all, and the record', run: recorded };
  await compare(
    'and metrics, and the record on disk',
    [PLAIN, bullOtel, byHand, all, record],
    bullOtel,
  );
} finally {
  await Promise.all([plain.close(), otel?.close(), hand?.close(), ours.close()]);
  await registry.close();
  await redis.stop();
  await rm(root, { recursive: true });
}
