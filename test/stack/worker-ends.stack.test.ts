import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginRun, createJob } from '@milepost/core';
import { jobOptions } from '@milepost/queue';
import { Bull, type QueueTrace } from '../../packages/queue/test/bull.ts';
import { useRedis } from '../../packages/queue/test/redis-server.ts';
import { type OtlpServer, startOtlpServer } from '../otlp-server/index.ts';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';

const PROGRAM = join(import.meta.dirname, 'programs', 'end-worker.ts');

const redis = useRedis();
let server: OtlpServer;
let root: string;
beforeAll(async () => {
  server = await startOtlpServer();
  root = mkdtempSync(join(tmpdir(), 'milepost-ends-'));
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

interface End {
  readonly code: unknown;
  readonly signal: unknown;
  readonly stderr: string;
  readonly left: QueueTrace;
}

/** A worker that takes one job: how its process ends, and what Redis has then. */
async function endOf(
  way: string,
  signal: NodeJS.Signals | undefined,
  tracked: boolean,
): Promise<End> {
  await redis.empty();
  const bull = new Bull(redis.port, tracked);
  const queue = bull.queue('work');
  const job = createJob({ run: beginRun({ pipeline: 'ends' }), name: 'page' });
  await queue.add('page', {}, tracked ? jobOptions(job, { attempts: 2 }) : { attempts: 2 });
  const child = spawn(
    process.execPath,
    [
      ...RUN_TYPESCRIPT,
      '--conditions=@milepost/source',
      PROGRAM,
      way,
      ...(tracked ? ['tracked'] : []),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        MILEPOST_ROOT: root,
        REDIS_PORT: String(redis.port),
      },
    },
  );
  const said = text(child.stderr);
  const closed = once(child, 'close');
  if (signal === undefined) child.stdout.resume();
  else child.stdout.once('data', () => child.kill(signal));
  const [code, by]: unknown[] = await closed;
  const left = await bull.trace('work');
  await bull.close();
  return { code, signal: by, stderr: withoutFrames(await said), left };
}

/** Without the frames of whoever called, and without the lines of Milepost. */
function withoutFrames(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^ +at |^ *\d+: |^milepost: /.test(line))
    .join('\n');
}

test.for([
  {
    way: 'rejects outside',
    ends: { code: 1, stderr: expect.stringMatching('RangeError: outside') },
  },
  { way: 'rejects outside, and is heard', ends: { code: 5, signal: null } },
  { way: 'throws outside', ends: { code: 1, stderr: expect.stringMatching('TypeError: outside') } },
  { way: 'throws outside, and is heard', ends: { code: 0, signal: null } },
  { way: 'exits', ends: { code: 3, signal: null, stderr: '' } },
  { way: 'exits by force', ends: { code: null, signal: 'SIGABRT' } },
  { way: 'sets the exit code', ends: { code: 4, signal: null } },
  { way: 'finishes, and closes at a signal', by: 'SIGTERM', ends: { code: 0, signal: null } },
  { way: 'closes by force at a signal', by: 'SIGTERM', ends: { code: 0, signal: null } },
  { way: 'is killed', by: 'SIGTERM', ends: { code: null, signal: 'SIGTERM' } },
  { way: 'is killed', by: 'SIGINT', ends: { code: null, signal: 'SIGINT' } },
  { way: 'is killed', by: 'SIGKILL', ends: { code: null, signal: 'SIGKILL' } },
] as const)('a worker process ends as it does without us: $way, signal $by', async (given) => {
  const by = 'by' in given ? given.by : undefined;
  const plain = await endOf(given.way, by, false);
  expect(plain).toMatchObject(given.ends);
  expect(plain.left).toHaveLength(1);
  expect(await endOf(given.way, by, true)).toEqual(plain);
});
