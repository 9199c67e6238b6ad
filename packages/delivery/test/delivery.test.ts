import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Delivery,
  type DeliveryOptions,
  type RecordSource,
  type Signal,
  openDelivery,
  otlpDestination,
} from '@milepost/delivery';
import { ACCEPTED, ScriptedTransport, busy, refusing } from './scripted-transport.ts';

const MINUTE_MS = 60_000;
const NOTHING = { requests: 0, records: 0, bytes: 0, oldest: undefined };
const LONG = { timeoutMs: MINUTE_MS };

let directory: string;
let transports: Record<Signal, ScriptedTransport>;
let open: Delivery[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'milepost-delivery-'));
  transports = newTransports();
  open = [];
});

afterEach(async () => {
  for (const delivery of open) delivery.endSync({ timeoutMs: 0 });
  await rm(directory, { recursive: true });
});

function newTransports(): Record<Signal, ScriptedTransport> {
  return {
    traces: new ScriptedTransport(),
    logs: new ScriptedTransport(),
    metrics: new ScriptedTransport(),
  };
}

function start(options: Partial<DeliveryOptions> = {}): Delivery {
  const destination = (signal: Signal): ReturnType<typeof otlpDestination> =>
    // Nobody listens on port 1: what goes past the scripted transports goes nowhere.
    otlpDestination(signal, { url: `http://127.0.0.1:1/v1/${signal}` });
  const using = transports;
  const delivery = openDelivery({
    destinations: {
      traces: destination('traces'),
      logs: destination('logs'),
      metrics: destination('metrics'),
    },
    spoolDirectory: directory,
    backoff: { firstMs: 1, maxMs: 1 },
    createTransport: ({ signal }) => using[signal],
    ...options,
  });
  open.push(delivery);
  return delivery;
}

function logs(text: string, more: { readonly time?: number; readonly records?: number } = {}) {
  return {
    signal: 'logs' as const,
    body: Buffer.from(text),
    encoding: 'identity' as const,
    contentType: 'application/json' as const,
    records: more.records ?? 1,
    time: more.time ?? Date.now(),
    isSuperseded: false,
  };
}

function metrics(text: string) {
  return { ...logs(text), signal: 'metrics' as const, isSuperseded: true };
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `{"n":${i}}`);
}

async function filesOf(signal: Signal): Promise<string[]> {
  const files = await readdir(directory, { recursive: true });
  return files.filter((name) => name.startsWith(`${signal}-`) && name.endsWith('.otlp'));
}

describe('a collector that takes everything', () => {
  test('gets the requests of a signal in order, one at a time, and nothing is written to the disk', async () => {
    const delivery = start();
    const fates = texts(20).map((text) => delivery.add(logs(text)));

    expect(await delivery.flush(LONG)).toMatchObject({
      logs: { delivered: 20, inMemory: 0, spooled: 0, lost: {}, error: undefined },
    });
    expect(transports.logs.accepted).toEqual(texts(20));
    expect(transports.logs.mostAtOnce).toBe(1);
    expect(new Set(await Promise.all(fates))).toEqual(new Set(['delivered']));
    expect(await readdir(directory)).toEqual([]);
  });

  test('and rejects some records: they are counted as lost, the others as delivered', async () => {
    const delivery = start();
    transports.logs.answer = () => ({ kind: 'accepted', rejected: 2, message: 'two too many' });
    void delivery.add(logs('{}', { records: 5 }));

    expect(await delivery.flush(LONG)).toMatchObject({
      logs: { delivered: 3, lost: { rejected: 2 } },
    });
  });
});

describe('a collector that takes nothing for now', () => {
  test('gets everything once and in order when it comes back, from the disk', async () => {
    const delivery = start();
    let isBack = false;
    const { promise: spooled, resolve } = Promise.withResolvers<void>();
    transports.logs.answer = async () => {
      if (isBack) return ACCEPTED;
      if ((await filesOf('logs')).length === 10) resolve();
      return busy({ status: 503 });
    };
    const fates = texts(10).map((text) => delivery.add(logs(text)));
    await spooled;
    expect(delivery.report().logs).toMatchObject({ delivered: 0, inMemory: 0, spooled: 10 });
    const sizes = (await filesOf('logs')).map((name) => statSync(join(directory, name)).size);
    expect(delivery.spooled()).toEqual({
      traces: NOTHING,
      logs: {
        requests: 10,
        records: 10,
        bytes: sizes.reduce((sum, size) => sum + size, 0),
        oldest: delivery.report().logs.oldest,
      },
      metrics: NOTHING,
    });
    isBack = true;
    await delivery.flush(LONG);
    expect(delivery.spooled().logs).toEqual(NOTHING);

    expect(transports.logs.accepted).toEqual(texts(10));
    expect(await Promise.all(fates)).toEqual(texts(10).map(() => 'delivered'));
    expect(delivery.report().logs).toMatchObject({ delivered: 10, spooled: 0, error: undefined });
    expect(await filesOf('logs')).toEqual([]);
  });

  test('a flush does not wait for one that refuses connections, and what waits is on disk then', async () => {
    const delivery = start({ backoff: { firstMs: MINUTE_MS } });
    transports.logs.answer = refusing;
    for (const text of texts(3)) void delivery.add(logs(text));

    const report = await delivery.flush(LONG);
    expect(report.logs).toMatchObject({
      delivered: 0,
      inMemory: 0,
      spooled: 3,
      lost: {},
      error: 'refused',
    });
    expect(await filesOf('logs')).toHaveLength(3);
  });

  test('is tried at once when a flush asks for it, unless it asked for patience itself', async () => {
    const delivery = start({ backoff: { firstMs: MINUTE_MS } });
    transports.logs.answer = () => busy();
    void delivery.add(logs('{}'));
    await delivery.flush({ timeoutMs: 1_000 });
    transports.logs.answer = () => ACCEPTED;
    expect((await delivery.flush(LONG)).logs.delivered).toBe(1);

    transports.logs.answer = () => busy({ retryAfterMs: 2 * MINUTE_MS });
    void delivery.add(logs('{}'));
    await delivery.flush(LONG);
    const { length } = transports.logs.tried;
    transports.logs.answer = () => ACCEPTED;
    expect((await delivery.flush(LONG)).logs).toMatchObject({ delivered: 1, spooled: 1 });
    expect(transports.logs.tried).toHaveLength(length);
  });

  test('the other signals go on', async () => {
    const delivery = start();
    transports.logs.answer = () => new Promise(() => undefined);
    void delivery.add(logs('{}'));
    void delivery.add({ ...logs('{}'), signal: 'traces' });
    await delivery.flush({ timeoutMs: 20 });

    expect(delivery.report()).toMatchObject({
      traces: { delivered: 1, inMemory: 0 },
      logs: { delivered: 0, inMemory: 1 },
    });
  });

  test('what waits in memory for long is on disk too, also while it is on its way', async () => {
    const delivery = start({ spillAfterMs: 5 });
    const answer = Promise.withResolvers<typeof ACCEPTED>();
    transports.logs.answer = () => answer.promise;
    void delivery.add(logs('{"n":0}'));
    void delivery.add(logs('{"n":1}'));
    await expect.poll(() => filesOf('logs')).toHaveLength(2);
    await expect.poll(() => delivery.report().logs).toMatchObject({ inMemory: 0, spooled: 2 });

    answer.resolve(ACCEPTED);
    await delivery.flush(LONG);
    expect(transports.logs.tried).toEqual(['{"n":0}', '{"n":1}']);
    expect(await filesOf('logs')).toEqual([]);
  });
});

describe('a request that is not taken', () => {
  test.for(['rejected', 'unauthorized'] as const)(
    'because it is %s is set aside, and the next one is sent',
    async (reason) => {
      const delivery = start();
      transports.logs.answer = (body) =>
        body === '{"n":1}' ? { kind: 'refused', reason, status: 400, message: 'no' } : ACCEPTED;
      const fates = texts(3).map((text) => delivery.add(logs(text)));
      await delivery.flush(LONG);

      expect(transports.logs.tried).toEqual(texts(3));
      expect(await Promise.all(fates)).toEqual(['delivered', 'lost', 'delivered']);
      expect(delivery.report().logs).toMatchObject({ delivered: 2, lost: { [reason]: 1 } });
      expect(await readdir(join(directory, 'dead-letters'))).toHaveLength(1);
    },
  );

  test('because it is too large is halved until it fits; a single record is set aside', async () => {
    const delivery = start();
    const record = (n: number, size: number) => ({
      body: { stringValue: `${n}`.padEnd(size, '.') },
    });
    const records = [record(0, 10), record(1, 10), record(2, 1_000), record(3, 10), record(4, 10)];
    const request = { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] };
    transports.logs.answer = (body) =>
      body.length > 300 ? { kind: 'too_large', status: 413, message: 'too large' } : ACCEPTED;
    const fate = delivery.add(logs(JSON.stringify(request), { records: 5 }));
    await delivery.flush(LONG);

    const numbers = transports.logs.accepted.join('').match(/"\d/g);
    expect(numbers?.toSorted()).toEqual(['"0', '"1', '"3', '"4']);
    expect(delivery.report().logs).toMatchObject({ delivered: 4, lost: { too_large: 1 } });
    expect(await fate).toBe('lost');
  });

  test('because it is too old is set aside without a try', async () => {
    const delivery = start({ maxAgeMs: 1_000 });
    void delivery.add(logs('{"n":0}', { time: Date.now() - 5_000 }));
    void delivery.add(logs('{"n":1}'));
    await delivery.flush(LONG);

    expect(transports.logs.tried).toEqual(['{"n":1}']);
    expect(delivery.report().logs).toMatchObject({ delivered: 1, lost: { too_old: 1 } });
  });

  test.for([
    ['resets the connection', busy({ isUnanswered: true })],
    ['times out behind a proxy', busy({ status: 504 })],
  ] as const)('because the server %s does not keep the others from being sent', async ([, no]) => {
    const delivery = start();
    transports.logs.answer = (body) => (body === '{"n":0}' ? no : ACCEPTED);
    const fates = texts(4).map((text) => delivery.add(logs(text)));
    expect(await Promise.all(fates.slice(1))).toEqual(['delivered', 'delivered', 'delivered']);
  });

  test('because the server is overloaded keeps its place', async () => {
    const delivery = start();
    transports.logs.answer = () =>
      transports.logs.tried.length < 30 ? busy({ status: 503 }) : ACCEPTED;
    await Promise.all(texts(4).map((text) => delivery.add(logs(text))));
    expect(transports.logs.accepted).toEqual(texts(4));
  });

  test('because the server fails at it does not keep the others from being sent', async () => {
    const delivery = start();
    transports.logs.answer = (body) => (body === '{"n":0}' ? busy({ status: 500 }) : ACCEPTED);
    const fates = texts(4).map((text) => delivery.add(logs(text)));

    expect(await Promise.all(fates.slice(1))).toEqual(['delivered', 'delivered', 'delivered']);
    transports.logs.answer = () => ACCEPTED;
    expect(await fates[0]).toBe('delivered');
    expect(transports.logs.accepted).toEqual([...texts(4).slice(1), '{"n":0}']);
  });
});

describe('memory', () => {
  test('is bounded: without a disk the oldest go, and are counted', async () => {
    const delivery = start({ spoolDirectory: undefined, maxMemoryBytes: 1_000 });
    transports.logs.answer = () => new Promise(() => undefined);
    const fates = texts(20).map((text) => {
      // What cannot be packed.
      return delivery.add(logs(text + randomBytes(60).toString('latin1')));
    });
    const kept = fates.length - (delivery.report().logs.lost.memory_full ?? 0);

    expect(kept).toBeGreaterThan(5);
    expect(kept).toBeLessThan(20);
    expect(delivery.report().logs).toMatchObject({ inMemory: kept, spooled: 0 });
    // The first one is on its way.
    expect(await Promise.all(fates.slice(1, 1 + 20 - kept))).toEqual(
      Array.from({ length: 20 - kept }, () => 'lost'),
    );
  });

  test('holds far more than its bound in a burst: what waits is packed', async () => {
    const delivery = start({ maxMemoryBytes: 100_000 });
    const bodies = texts(300).map((text) => text.padEnd(1_000, 'x'));
    for (const body of bodies) void delivery.add(logs(body));
    expect((await delivery.flush(LONG)).logs).toMatchObject({ delivered: 300, lost: {} });
    expect(transports.logs.accepted).toEqual(bodies);
  });
});

test('a signal with much to send does not take the memory of the others', async () => {
  const delivery = start({ spoolDirectory: undefined, maxMemoryBytes: 10_000 });
  for (const transport of Object.values(transports)) {
    transport.answer = () => new Promise(() => undefined);
  }
  for (let i = 0; i < 200; i += 1) void delivery.add(logs(randomBytes(100).toString('latin1')));
  for (const text of texts(3)) void delivery.add({ ...logs(text), signal: 'traces' });
  void delivery.add(metrics('{}'));

  expect(delivery.report()).toMatchObject({
    traces: { inMemory: 3, lost: {} },
    metrics: { inMemory: 1, lost: {} },
  });
  expect(delivery.report().logs.lost.memory_full).toBeGreaterThan(0);
});

describe('metrics', () => {
  test('of which a later request has all that an earlier one had: only the last is kept', async () => {
    const delivery = start({ backoff: { firstMs: MINUTE_MS } });
    transports.metrics.answer = refusing;
    const fates = ['{"n":0}', '{"n":1}', '{"n":2}'].map((text) => delivery.add(metrics(text)));
    await delivery.flush(LONG);
    const last = delivery.add(metrics('{"n":3}'));
    await delivery.flush(LONG);
    expect(await filesOf('metrics')).toHaveLength(1);

    transports.metrics.answer = () => ACCEPTED;
    await delivery.flush(LONG);
    expect(transports.metrics.accepted).toEqual(['{"n":3}']);
    expect(await last).toBe('delivered');
    expect((await Promise.all(fates)).at(-1)).toBe('superseded');
  });

  test('at which the server fails do not pile up', async () => {
    const delivery = start();
    transports.metrics.answer = () => busy({ status: 500 });
    for (let i = 0; i < 40; i += 1) {
      const { length } = transports.metrics.tried;
      void delivery.add(metrics(`{"n":${i}}`));
      await expect.poll(() => transports.metrics.tried.length).toBeGreaterThan(length);
    }
    await expect.poll(() => filesOf('metrics')).toHaveLength(1);
    transports.metrics.answer = () => ACCEPTED;
    await delivery.flush(LONG);
    expect(transports.metrics.accepted).toEqual(['{"n":39}']);
  });
});

test('a flush waits for the metrics that take the place of those it waits for', async () => {
  const delivery = start();
  transports.metrics.answer = () => busy();
  void delivery.add(metrics('{"n":0}'));
  const flushed = delivery.flush(LONG);
  await transports.metrics.flushed;
  // Never the first, and the second only when the first is gone.
  transports.metrics.answer = async (body) => {
    if (body === '{"n":0}') return busy();
    await setTimeout(20);
    return ACCEPTED;
  };
  void delivery.add(metrics('{"n":1}'));

  expect((await flushed).metrics).toMatchObject({ delivered: 1, inMemory: 0, spooled: 0 });
  expect(transports.metrics.accepted).toEqual(['{"n":1}']);
});

describe('what an earlier process left', () => {
  test('is sent in turn with our own, oldest first', async () => {
    const earlier = start();
    transports.logs.answer = refusing;
    for (const text of texts(3)) void earlier.add(logs(text));
    await earlier.shutdown(LONG);
    expect(earlier.report().logs).toMatchObject({ inMemory: 0, spooled: 3, lost: {} });

    transports = newTransports();
    const later = start();
    const report = await later.flush(LONG);
    expect(transports.logs.accepted).toEqual(texts(3));
    expect(report.logs).toMatchObject({ delivered: 3, spooled: 0 });
    expect(await filesOf('logs')).toEqual([]);
  });
});

describe('the end of a process', () => {
  /** A processor that holds one record back. */
  function holding(delivery: Delivery, text: string): RecordSource {
    let held = 1;
    const source: RecordSource = {
      handOver: async () => source.handOverSync(),
      handOverSync: () => {
        if (held > 0) void delivery.add(logs(text));
        held = 0;
      },
    };
    delivery.addSource('logs', source, () => held);
    return source;
  }

  test('a shutdown sends what is held back, and leaves on disk what is not taken', async () => {
    const delivery = start();
    holding(delivery, '{"n":0}');
    expect(delivery.report().logs.inMemory).toBe(1);
    expect((await delivery.shutdown(LONG)).logs).toMatchObject({ delivered: 1, inMemory: 0 });
    expect(transports.logs.accepted).toEqual(['{"n":0}']);
  });

  test('at once: what nobody takes in time is on disk, what was held back too', async () => {
    const delivery = start();
    transports.logs.answer = () => new Promise(() => undefined);
    void delivery.add(logs('{"n":0}'));
    holding(delivery, '{"n":1}');
    const report = delivery.endSync({ timeoutMs: 0 });

    expect(report.logs).toMatchObject({ delivered: 0, inMemory: 0, spooled: 2, lost: {} });
    expect(await filesOf('logs')).toHaveLength(2);
  });

  test('what comes later goes to the disk, for the next process', async () => {
    const delivery = start();
    delivery.endSync({ timeoutMs: 0 });
    expect(await delivery.add(logs('{"n":0}'))).toBe('kept');

    transports = newTransports();
    await start().flush(LONG);
    expect(transports.logs.accepted).toEqual(['{"n":0}']);
  });

  test('what a processor still holds back after a shutdown goes to the disk at the end', async () => {
    const delivery = start();
    let held = 0;
    const source: RecordSource = {
      handOver: async () => source.handOverSync(),
      handOverSync: () => {
        while (held > 0) void delivery.add(logs(`{"n":${(held -= 1)}}`));
      },
    };
    delivery.addSource('logs', source, () => held);
    await delivery.shutdown(LONG);
    held = 2;
    expect(delivery.endSync({ timeoutMs: 0 }).logs).toMatchObject({ spooled: 2, lost: {} });
  });

  test('tells what becomes of every request', async () => {
    const delivery = start();
    transports.logs.answer = refusing;
    const fates = texts(3).map((text) => delivery.add(logs(text)));
    await delivery.shutdown(LONG);
    expect(await Promise.all(fates)).toEqual(['kept', 'kept', 'kept']);
  });

  test('sends in a context of its own', async () => {
    const user = new AsyncLocalStorage<string>();
    const delivery = start();
    const seen: (string | undefined)[] = [];
    transports.logs.answer = () => {
      seen.push(user.getStore());
      return ACCEPTED;
    };
    await user.run('request 47', async () => {
      await delivery.add(logs('{}'));
      expect(user.getStore()).toBe('request 47');
    });
    expect(seen).toEqual([undefined]);
  });

  test('where there is no disk it is lost, and counted', async () => {
    const delivery = start({ spoolDirectory: undefined });
    transports.logs.answer = refusing;
    void delivery.add(logs('{}', { records: 7 }));
    await delivery.shutdown(LONG);
    expect(delivery.report().logs).toMatchObject({
      delivered: 0,
      lost: { unsent: 7 },
      spoolError: undefined,
    });
  });
});
