import { describe, expect, test } from 'vitest';
import { type OtlpRequest, type RequestStore, type StoredRequest } from '@milepost/delivery';
import { Backoff } from '../src/backoff.ts';
import { MemoryBudget } from '../src/memory-budget.ts';
import { noStore } from '../src/no-store.ts';
import { Sender } from '../src/sender.ts';
import { SignalAccount } from '../src/signal-account.ts';
import { ACCEPTED, ScriptedTransport, busy, textOf } from './scripted-transport.ts';

interface Program {
  readonly sender: Sender;
  readonly transport: ScriptedTransport;
  readonly account: SignalAccount;
}

let sequence = 0;

function program(store: RequestStore): Program {
  const transport = new ScriptedTransport();
  const account = new SignalAccount('logs');
  const sender = new Sender({
    signal: 'logs',
    transport,
    store,
    account,
    budget: new MemoryBudget(1_000_000),
    backoff: new Backoff({ firstMs: 1, maxMs: 1 }),
    maxAgeMs: 60_000,
    spillAfterMs: 1,
    maxWriteMs: 20,
    nextSequence: () => (sequence += 1),
    now: Date.now,
    elapsed: () => performance.now(),
  });
  return { sender, transport, account };
}

function request(text: string): OtlpRequest {
  return {
    signal: 'logs',
    sequence: (sequence += 1),
    body: Buffer.from(text),
    encoding: 'identity',
    contentType: 'application/json',
    records: 1,
    time: Date.now(),
    isSuperseded: false,
  };
}

/** A disk that keeps requests, as slow as it is told. */
class SlowStore {
  readonly requests = new Map<number, OtlpRequest>();
  /** Resolves when a write may be over. */
  written: Promise<unknown> = Promise.resolve();
  /** Whether it gives back what it has. */
  isReadable = true;

  toStore(): RequestStore {
    const stored = (one: OtlpRequest): StoredRequest => ({
      signal: one.signal,
      sequence: one.sequence,
      records: one.records,
      time: one.time,
      bytes: one.body.length,
      path: `${one.sequence}`,
    });
    return {
      ...noStore,
      append: async (one) => {
        await this.written;
        this.requests.set(one.sequence, one);
        return stored(one);
      },
      firstOwn: () => {
        const first = [...this.requests.keys()].toSorted((a, b) => a - b)[0];
        const one = first === undefined ? undefined : this.requests.get(first);
        return one && stored(one);
      },
      read: async (one) => {
        if (!this.isReadable) throw new Error('EMFILE: too many open files');
        return this.requests.get(one.sequence);
      },
      remove: async (one) => void this.requests.delete(one.sequence),
    };
  }
}

describe('a disk that hangs', () => {
  test('holds up neither the sending nor a flush', async () => {
    const disk = new SlowStore();
    disk.written = new Promise(() => undefined);
    const { sender, transport } = program(disk.toStore());
    let tries = 0;
    transport.answer = () => ((tries += 1) < 4 ? busy() : ACCEPTED);
    const fates = [sender.add(request('{"n":0}')), sender.add(request('{"n":1}'))];

    expect(await Promise.all(fates)).toEqual(['delivered', 'delivered']);
    await sender.flushBy(Date.now() + 60_000);
    expect(transport.accepted).toEqual(['{"n":0}', '{"n":1}']);
  });

  test('is told of', async () => {
    const disk = new SlowStore();
    disk.written = new Promise(() => undefined);
    const { sender, transport } = program(disk.toStore());
    transport.answer = () => busy();
    void sender.add(request('{}'));
    await expect.poll(() => sender.spoolError).toMatch('the disk takes more than 20 ms');
    expect(sender.stop().requests.map(textOf)).toEqual(['{}']);
  });

  test('and comes back has no copy of what was delivered meanwhile', async () => {
    const disk = new SlowStore();
    const back = Promise.withResolvers<void>();
    disk.written = back.promise;
    const { sender, transport } = program(disk.toStore());
    transport.answer = () => (sender.spoolError === undefined ? busy() : ACCEPTED);
    expect(await sender.add(request('{}'))).toBe('delivered');
    back.resolve();
    await back.promise;
    await expect.poll(() => disk.requests.size).toBe(0);
  });
});

test('what cannot be read now is sent when it can', async () => {
  const disk = new SlowStore();
  const { sender, transport, account } = program(disk.toStore());
  transport.answer = () => busy();
  disk.isReadable = false;
  const fate = sender.add(request('{}'));
  await expect.poll(() => account.error).toMatch('EMFILE');
  transport.answer = () => ACCEPTED;
  disk.isReadable = true;
  expect(await fate).toBe('delivered');
});
