import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StageEnvelope, beginRun, beginStage, createJob } from '@milepost/core';
import { jobOptions } from '@milepost/queue';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { runSpanId, stageSpanId } from '@milepost/run-id';
import { type OtlpServer, startOtlpServer } from '../otlp-server/index.ts';
import { RedisServer } from './redis-server.ts';
import { runProgram } from './run-program.ts';

const RUNS = 5;
const CLOSERS = 2;

let redis: RedisServer;
let server: OtlpServer;
let root: string;
beforeAll(async () => {
  redis = await RedisServer.start();
  server = await startOtlpServer();
  root = mkdtempSync(join(tmpdir(), 'milepost-closers-'));
});
afterAll(async () => {
  await server.close();
  await redis.stop();
  rmSync(root, { recursive: true, force: true });
});

/** Begins the runs, each with a stage that is spread over jobs: as two coordinators would be told of it that are both the last. */
async function begin(): Promise<readonly StageEnvelope[]> {
  const registry = openRegistry({ root });
  const disconnect = connectRegistry(registry);
  const queue = new Queue('close', { connection: { host: '127.0.0.1', port: redis.port } });
  const stages = Array.from({ length: RUNS }, () =>
    beginStage('ocr', { run: beginRun({ pipeline: 'minutes' }) }),
  );
  for (const stage of stages) {
    const job = jobOptions(createJob({ name: 'coordinator', stage }));
    for (let closer = 0; closer < CLOSERS; closer += 1) await queue.add('coordinator', {}, job);
  }
  await queue.close();
  await registry.flush();
  disconnect();
  await registry.close();
  return stages;
}

/** The sum of what each process counted last. */
function counted(name: string): number {
  const last = new Map(
    server
      .metricPoints()
      .filter((point) => point.name === name && point.attributes['pipeline'] === 'minutes')
      .map(({ resource, attributes, value }) => [
        JSON.stringify([resource['service.instance.id'], attributes]),
        value,
      ]),
  );
  return [...last.values()].reduce((sum, value) => sum + value, 0);
}

test('runs and their stages that two workers end at the same time end once', async () => {
  const stages = await begin();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
    MILEPOST_SPOOL: 'off',
    MILEPOST_ROOT: root,
    REDIS_PORT: String(redis.port),
  };
  const args = [String(RUNS), String(CLOSERS)];
  const closers = Array.from({ length: CLOSERS }, () => runProgram('close-runs.ts', { env, args }));
  expect(await Promise.all(closers)).toEqual([0, 0]);

  const once = { runAttempt: 1, occurrence: 1, attempt: 1 };
  const spanIds = server
    .spans()
    .flatMap(({ attributes, spanId }) => (attributes['pipeline.unit'] === 'job' ? [] : [spanId]));
  expect(spanIds.toSorted()).toEqual(
    stages
      .flatMap(({ run }) => [runSpanId(run.id, 1), stageSpanId(run.id, 'ocr', once)])
      .toSorted(),
  );
  const ends = server
    .logRecords()
    .filter(({ body }) => /^(?:run|ocr)_completed$/.test(String(body)));
  expect(
    ends
      .map(({ body, attributes }) => `${String(attributes['run.id'])} ${String(body)}`)
      .toSorted(),
  ).toEqual(
    stages.flatMap(({ run }) => [`${run.id} ocr_completed`, `${run.id} run_completed`]).toSorted(),
  );
  expect([counted('pipeline.runs'), counted('pipeline.stage.runs')]).toEqual([RUNS, RUNS]);

  const registry = openRegistry({ root });
  const { runs } = await registry.listRuns();
  await registry.close();
  expect(runs.map(({ status, state }) => [status, state])).toEqual(
    stages.map(() => ['completed', 'ended']),
  );
});
