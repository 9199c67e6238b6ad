import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withRun, withStage } from '@milepost/core';
import { type Telemetry, startTelemetry } from '@milepost/node';
import { type Behaviour } from './outage/behaviour.ts';
import { type LedgerEntry } from './outage/ledger.ts';
import { NUMBER_ATTRIBUTE } from './outage/record-keys.ts';
import { spooledRequests } from './outage/spool-files.ts';
import {
  type MisbehavingServer,
  startMisbehavingServer,
} from './outage/start-misbehaving-server.ts';

let server: MisbehavingServer;
let spool: string;
let telemetry: Telemetry;
/** Entries of the ledger before this test. */
let before: number;

beforeAll(async () => {
  server = await startMisbehavingServer();
});
afterAll(() => server.close());

beforeEach(async () => {
  spool = mkdtempSync(join(tmpdir(), 'milepost-outage-'));
  vi.stubEnv('MILEPOST_SPOOL', spool);
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', server.url);
  // A server that does not answer is given up on after so many milliseconds.
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '300');
  await server.behave({ kind: 'accept' });
  before = (await server.ledger()).length;
  telemetry = await startTelemetry({ quiet: true });
});
afterEach(async () => {
  await telemetry.shutdown({ timeoutMs: 0 });
  vi.unstubAllEnvs();
  rmSync(spool, { recursive: true, force: true });
});

const OK = { status: 'ok', waiting: 0, lost: 0 };
const STAGES = 3;

function runSomeStages(): void {
  withRun({ pipeline: 'minutes' }, () => {
    for (let n = 0; n < STAGES; n += 1) {
      withStage('work', { attributes: { [NUMBER_ATTRIBUTE]: n } }, () => undefined);
    }
  });
}

/** What the stages and their run are worth in records, by number and name. */
const DUE = {
  traces: ['- minutes', '0 work', '1 work', '2 work'],
  logs: [
    '- run_completed',
    '- run_started',
    '0 work_completed',
    '0 work_started',
    '1 work_completed',
    '1 work_started',
    '2 work_completed',
    '2 work_started',
  ],
};

/** Records of one signal, each as often as it is there. */
function recordsIn(
  requests: readonly Pick<LedgerEntry, 'signal' | 'keys'>[],
  signal: LedgerEntry['signal'],
): string[] {
  return requests
    .filter((request) => request.signal === signal)
    .flatMap(({ keys }) => keys.map((key) => key.replace(/\/.*\//, ' ')))
    .toSorted();
}

async function acknowledged(): Promise<{ traces: string[]; logs: string[] }> {
  const ledger = (await server.ledger()).slice(before);
  const entries = ledger.filter(({ outcome }) => outcome === 'acknowledged');
  return { traces: recordsIn(entries, 'traces'), logs: recordsIn(entries, 'logs') };
}

function deadLetters(): { traces: string[]; logs: string[] } {
  const requests = spooledRequests(spool).filter(({ isDeadLetter }) => isDeadLetter);
  return { traces: recordsIn(requests, 'traces'), logs: recordsIn(requests, 'logs') };
}

describe('everything arrives once, and no flush says so before, though the collector', () => {
  test.for<[does: string, behaviour: Behaviour]>([
    ['is not there', { kind: 'refuse' }],
    ['hangs', { kind: 'hang' }],
    ['takes requests and never answers', { kind: 'silent' }],
    ['answers after 9 s', { kind: 'accept', afterMs: 9_000 }],
    ['resets the connection in the body', { kind: 'reset_body' }],
    ['resets the connection before the answer', { kind: 'lose_answer' }],
    ['breaks the answer off in its head', { kind: 'cut_answer', in: 'head' }],
    ['answers 429', { kind: 'status', status: 429 }],
    ['answers 500', { kind: 'status', status: 500 }],
    ['answers 502', { kind: 'status', status: 502 }],
    ['answers 503', { kind: 'status', status: 503 }],
    ['answers 503 for a second', { kind: 'status', status: 503, retryAfterSeconds: 1 }],
    [
      'answers 429 until a date',
      { kind: 'status', status: 429, retryAfterSeconds: 1, asDate: true },
    ],
    ['answers 504', { kind: 'status', status: 504 }],
    ['does not speak HTTP', { kind: 'not_http' }],
  ])('%s', async ([, behaviour]) => {
    await server.behave(behaviour);
    runSomeStages();
    const during = await telemetry.flush({ timeoutMs: 600 });
    expect([during.traces, during.logs]).toMatchObject([
      { status: 'waiting', waiting: DUE.traces.length, lost: 0 },
      { status: 'waiting', waiting: DUE.logs.length, lost: 0 },
    ]);
    await server.behave({ kind: 'accept' });
    let after = await telemetry.flush({ timeoutMs: 20_000 });
    // On a busy machine an answer may come after the 300 ms as well.
    for (let more = 0; more < 4 && after.metrics.waiting > 0; more += 1) {
      after = await telemetry.flush({ timeoutMs: 20_000 });
    }
    expect([after.traces, after.logs, after.metrics]).toEqual([OK, OK, OK]);
    expect(await acknowledged()).toEqual(DUE);
    expect(spooledRequests(spool)).toEqual([]);
  });
});

test('a status line of success is an answer, though its body breaks off: nothing is sent again', async () => {
  await server.behave({ kind: 'cut_answer', in: 'body' });
  runSomeStages();
  const { traces, logs } = await telemetry.flush({ timeoutMs: 20_000 });
  expect([traces, logs]).toEqual([OK, OK]);
  const ledger = (await server.ledger()).slice(before);
  expect({ traces: recordsIn(ledger, 'traces'), logs: recordsIn(ledger, 'logs') }).toEqual(DUE);
  await server.behave({ kind: 'accept' });
});

test('a collector that takes small requests only gets small ones', async () => {
  await server.behave({ kind: 'limit', bytes: 2_500 });
  runSomeStages();
  const { traces, logs } = await telemetry.flush({ timeoutMs: 20_000 });
  expect([traces.status, logs.status]).toEqual(['ok', 'ok']);
  expect(await acknowledged()).toEqual(DUE);
});

test('what a collector rejects of a request is not sent again, and not said to be delivered', async () => {
  await server.behave({ kind: 'partial', rejected: 1 }, 1);
  runSomeStages();
  const { traces, logs } = await telemetry.flush({ timeoutMs: 20_000 });
  expect([traces, logs]).toMatchObject([
    { status: 'failed', waiting: 0, lost: 1 },
    { status: 'failed', waiting: 0, lost: 1 },
  ]);
  const came = await acknowledged();
  expect([came.traces.length, came.logs.length]).toEqual([
    DUE.traces.length - 1,
    DUE.logs.length - 1,
  ]);
});

test.for([400, 401, 403])('what is answered with %i is kept as a dead letter', async (status) => {
  await server.behave({ kind: 'status', status }, 1);
  runSomeStages();
  const { traces, logs } = await telemetry.flush({ timeoutMs: 20_000 });
  expect([traces, logs]).toMatchObject([
    { status: 'failed', waiting: 0, lost: DUE.traces.length },
    { status: 'failed', waiting: 0, lost: DUE.logs.length },
  ]);
  expect(await acknowledged()).toEqual({ traces: [], logs: [] });
  expect(deadLetters()).toEqual(DUE);
});
