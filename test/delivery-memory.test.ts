import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type Transport, openDelivery, otlpDestination } from '@milepost/delivery';

const MIB = 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes outside the heap, where the bodies of requests are, that are still held. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

const hangingTransport: Transport = {
  send: (_request, cut) =>
    new Promise((resolve) => {
      const over = {
        kind: 'unavailable',
        message: 'cut',
        isRefused: false,
        isUnanswered: true,
      } as const;
      cut.addEventListener('abort', () => resolve(over));
    }),
  holdProcess: () => undefined,
  close: () => undefined,
};

test('a burst within one turn takes no more memory than the bound, whatever it was worth unpacked', async () => {
  const maxMemoryBytes = 8 * MIB;
  const delivery = openDelivery({
    destinations: {
      traces: otlpDestination('traces'),
      logs: otlpDestination('logs'),
      metrics: otlpDestination('metrics'),
    },
    maxMemoryBytes,
    createTransport: () => hangingTransport,
  });
  const before = heldBytes();
  for (let n = 0; n < 64; n += 1) {
    void delivery.add({
      signal: 'logs',
      body: Buffer.alloc(MIB, `line ${n} `),
      encoding: 'identity',
      contentType: 'application/json',
      records: 1,
      time: Date.now(),
      isSuperseded: false,
    });
  }
  // What is not held any more is given back by a thread of the engine's, a moment later.
  await expect.poll(() => heldBytes() - before).toBeLessThan(maxMemoryBytes);
  expect(delivery.report().logs).toMatchObject({ inMemory: 64, lost: {} });
  delivery.endSync({ timeoutMs: 0 });
});
