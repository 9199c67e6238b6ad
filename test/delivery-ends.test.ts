import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Behaviour } from './outage/behaviour.ts';
import { type LedgerEntry, senderVariable } from './outage/ledger.ts';
import { END_NAMES, type EndName, STAGES_BEFORE_THE_END } from './outage/programs/ends.ts';
import { type Ended, runToEnd } from './outage/run-to-end.ts';
import { splitStderr } from './outage/split-stderr.ts';
import { spooledRequests } from './outage/spool-files.ts';
import {
  type MisbehavingServer,
  startMisbehavingServer,
} from './outage/start-misbehaving-server.ts';

// The exporters' own timeout is 10 s: an end that waited for a hanging collector would take longer than this.
const BOUND_MS = 5_000;

/** How the same programs end without telemetry. */
const without = new Map<EndName, Ended>();
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'milepost-ends-'));
  await Promise.all(
    END_NAMES.map(async (end) => without.set(end, await runToEnd('none', end, {}))),
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Keys of spans and log records, sorted. */
function recordsIn(requests: readonly Pick<LedgerEntry, 'signal' | 'keys'>[]): string[] {
  return requests
    .filter(({ signal }) => signal !== 'metrics')
    .flatMap(({ signal, keys }) => keys.map((key) => `${signal} ${key.replace(/\/.*\//, ' ')}`))
    .toSorted();
}

/** What is due of a program whose running stage and run ended so. */
function recordsDue(status: string): string[] {
  const stages = Array.from({ length: STAGES_BEFORE_THE_END }, (_, n) => [
    `traces ${n} work`,
    `logs ${n} work_started`,
    `logs ${n} work_completed`,
  ]);
  const rest = [
    `traces ${STAGES_BEFORE_THE_END} ending`,
    `logs ${STAGES_BEFORE_THE_END} ending_started`,
    `logs ${STAGES_BEFORE_THE_END} ending_${status}`,
    'traces - minutes',
    'logs - run_started',
    `logs - run_${status}`,
  ];
  return [...stages.flat(), ...rest].toSorted();
}

const STATUS: Readonly<Record<EndName, string>> = {
  'natural end': 'completed',
  'await shutdown()': 'completed',
  'process.exit(3)': 'failed',
  'uncaught error': 'failed',
  'unhandled rejection': 'failed',
  SIGTERM: 'cancelled',
  SIGINT: 'cancelled',
};

const collectors: [name: string, behaviour: Behaviour, isUp: boolean][] = [
  ['up', { kind: 'accept' }, true],
  ['refusing', { kind: 'refuse' }, false],
  ['hanging', { kind: 'hang' }, false],
];

describe.for(collectors)('with a collector that is %s', ([, behaviour, isUp]) => {
  let server: MisbehavingServer;
  beforeAll(async () => {
    server = await startMisbehavingServer();
    await server.behave(behaviour);
  });
  afterAll(() => server.close());

  test.concurrent.for(END_NAMES)('%s', async (end) => {
    const spool = mkdtempSync(join(directory, 'spool-'));
    const ended = await runToEnd('milepost', end, {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      MILEPOST_SPOOL: spool,
      ...senderVariable(END_NAMES.indexOf(end).toString()),
    });

    const expected = without.get(end);
    const { ours, rest } = splitStderr(ended.stderr);
    expect([ended.code, ended.signal, rest]).toEqual([
      expected?.code,
      expected?.signal,
      expected?.stderr,
    ]);
    expect(ended.endingMs).toBeLessThan(BOUND_MS);

    const ledger = await server.ledger();
    const delivered = ledger.filter(
      ({ sender, outcome }) =>
        sender === END_NAMES.indexOf(end).toString() && outcome === 'acknowledged',
    );
    const spooled = spooledRequests(spool);
    const due = recordsDue(STATUS[end]);
    // On a busy machine the second is over before all answers have come: then the rest is on disk.
    const [came, waits] = [recordsIn(delivered), recordsIn(spooled)];
    if (isUp) expect([...new Set([...came, ...waits])].toSorted()).toEqual(due);
    else expect([came, waits]).toEqual([[], due]);
    expect([...delivered, ...spooled].some(({ signal }) => signal === 'metrics')).toBe(true);
    expect(ours).toEqual(
      spooled.length === 0 ? [] : [expect.stringMatching(/^milepost: .* wait in .*spool-/)],
    );
    if (!isUp) expect(ours[0]).toMatch(/12 spans, 24 log records, \d+ metric points/);
  });
});
