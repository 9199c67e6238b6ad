import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Interface, createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type Signal, type Waiting, inspectSpool } from '@milepost/delivery';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';
import { askUntil, urlWith } from './ask.ts';
import { HttpProxy } from './http-proxy.ts';
import { valuesBy } from './sent-by-run.ts';
import { type Stack, startStack } from './start-stack.ts';

// What the metrics say of what waits on disk, while a collector takes nothing.

const PROGRAM = fileURLToPath(new URL('programs/lines-as-told.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../packages/cli/src/milepost.ts', import.meta.url));
const SOURCE = [...RUN_TYPESCRIPT, '--conditions=@milepost/source'];
const UNAVAILABLE = { status: 503, text: 'not now' };
/** `run_started` and `ocr_started`. */
const MILESTONES = 2;

let stack: Stack;
let proxy: HttpProxy;
let proxyUrl: string;
let spool: string;
let child: ChildProcess | undefined;
let ended: Promise<unknown> | undefined;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

beforeEach(async () => {
  spool = mkdtempSync(join(tmpdir(), 'milepost-spooled-'));
  proxy = new HttpProxy(stack.otlpUrl);
  proxyUrl = await proxy.start();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await ended;
  await proxy.stop();
  rmSync(spool, { recursive: true, force: true });
});

interface Program {
  /** Lets it log so many lines; resolves when it has. */
  log(lines: number): Promise<void>;
  end(): Promise<void>;
  kill(): Promise<void>;
}

function start(service: string): Program {
  const running = spawn(process.execPath, [...SOURCE, PROGRAM], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'] ?? '',
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: proxyUrl,
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      MILEPOST_SPOOL: spool,
    },
  });
  const closed = once(running, 'close');
  const output: Interface = createInterface({ input: running.stdout });
  [child, ended] = [running, closed];
  return {
    log: async (lines) => {
      const said = once(output, 'line');
      running.stdin.write(`${lines}\n`);
      expect(await said).toEqual([String(lines)]);
    },
    end: async () => {
      running.stdin.end();
      await closed;
      expect(running.exitCode).toBe(0);
    },
    kill: async () => {
      running.kill('SIGKILL');
      await closed;
    },
  };
}

/** What lies in the spool of a signal, as somebody else than the process sees it. */
async function onDisk(signal: Signal): Promise<Pick<Waiting, 'records' | 'bytes' | 'oldest'>> {
  const { destinations } = await inspectSpool(spool);
  const holders = destinations.flatMap((one) => (one.signal === signal ? one.holders : []));
  return {
    records: holders.reduce((sum, { records }) => sum + records, 0),
    bytes: holders.reduce((sum, { bytes }) => sum + bytes, 0),
    oldest: holders[0]?.oldest,
  };
}

const bySignal = (
  metric: string,
  service: string,
  isWanted: (values: Readonly<Record<string, number>>) => boolean,
): Promise<Readonly<Record<string, number>>> =>
  valuesBy(stack, `${metric}{job="${service}"}`, 'signal', isWanted);

test('of a signal that the collector refuses the gauges show what waits, and 0 when it has gone', async () => {
  proxy.decide = ({ url }) => (url === '/v1/logs' ? UNAVAILABLE : undefined);
  const program = start('logs-refused');
  await program.log(10);

  expect(
    await bySignal('pipeline_telemetry_spool_records', 'logs-refused', ({ logs = 0 }) => logs > 2),
  ).toEqual({ traces: 0, logs: 10 + MILESTONES, metrics: 0 });
  const waiting = await onDisk('logs');
  expect(waiting.records).toBe(10 + MILESTONES);
  expect(
    await bySignal('pipeline_telemetry_spool_size_bytes', 'logs-refused', () => true),
  ).toMatchObject({ traces: 0, logs: waiting.bytes });
  // It grows for as long as nothing goes.
  await bySignal(
    'pipeline_telemetry_spool_age_seconds',
    'logs-refused',
    ({ logs = 0 }) => logs > 1,
  );

  proxy.decide = () => undefined;
  for (const metric of ['records', 'size_bytes', 'age_seconds']) {
    await bySignal(`pipeline_telemetry_spool_${metric}`, 'logs-refused', ({ logs }) => logs === 0);
  }
  await program.end();
});

test('of a process that was killed while nothing was taken, its last word is seen later, at its own time', async () => {
  proxy.decide = () => UNAVAILABLE;
  const began = Date.now();
  const program = start('all-refused');
  await program.log(20);
  await expect
    .poll(() => onDisk('logs'), { timeout: 30_000 })
    .toMatchObject({ records: 20 + MILESTONES });
  // Of metrics only the last collection waits: one that was made since.
  const since = Date.now();
  await expect
    .poll(async () => (await onDisk('metrics')).oldest, { timeout: 30_000 })
    .toBeGreaterThan(since);
  await program.kill();
  const killed = Date.now();

  proxy.decide = () => undefined;
  const flush = spawn(process.execPath, [...SOURCE, CLI, 'flush', '--spool', spool], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', OTEL_EXPORTER_OTLP_ENDPOINT: proxyUrl },
  });
  await once(flush, 'close');
  expect(flush.exitCode).toBe(0);

  const { data } = await askUntil(
    urlWith(`${stack.prometheusUrl}/api/v1/query`, {
      query: 'pipeline_telemetry_spool_records{job="all-refused", signal="logs"}[10m]',
    }),
    z.object({
      data: z.object({
        result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })).min(1),
      }),
    }),
  );
  const samples = data.result.flatMap(({ values }) => values);
  // A collection that was on its way when the next was made may wait beside it.
  expect(Number(samples.at(-1)?.[1])).toBe(20 + MILESTONES);
  const times = samples.map(([seconds]) => seconds * 1000);
  expect(times.every((time) => time >= began && time <= killed)).toBe(true);
});
