import { type ExportResponse, type IExporterTransport } from '@opentelemetry/otlp-exporter-base';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RetryPauses } from '../src/retry-pauses.ts';
import { RetryingTransport } from '../src/retrying-transport.ts';

const BUSY: ExportResponse = { status: 'retryable' };
const REFUSED: ExportResponse = {
  status: 'retryable',
  error: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
};
const BUSY_FAILURE = {
  status: 'failure',
  error: new Error('the collector is busy and asks to be tried later'),
};
const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A transport that answers these one after the other, the last for ever, and keeps when it was asked, in ms. */
function answering(...responses: ExportResponse[]) {
  const begin = Date.now();
  const times: number[] = [];
  const transport: IExporterTransport = {
    send: async () => {
      times.push(Date.now() - begin);
      return responses[times.length - 1] ?? responses.at(-1) ?? BUSY;
    },
    shutdown: () => undefined,
  };
  const pauses = new RetryPauses();
  const retrying = new RetryingTransport(transport, pauses);
  return {
    times,
    pauses,
    send: (timeoutMs = HOUR_MS) => retrying.send(new Uint8Array(), timeoutMs),
  };
}

test('a success is handed on', async () => {
  const { times, send } = answering({ status: 'success' });
  expect(await send()).toEqual({ status: 'success' });
  expect(times).toEqual([0]);
});

test('a busy collector is tried again when it says so', async () => {
  const { times, send } = answering(
    { status: 'retryable', retryInMillis: 20_000 },
    { status: 'retryable', retryInMillis: -1 },
    { status: 'success' },
  );
  const sent = send();
  await vi.runAllTimersAsync();
  expect(await sent).toEqual({ status: 'success' });
  expect(times).toEqual([0, 20_000, 20_000]);
});

test('it is tried five times more, after longer and longer pauses, and is a failure then', async () => {
  const { times, send } = answering(BUSY);
  const sent = send();
  await vi.runAllTimersAsync();
  expect(await sent).toEqual(BUSY_FAILURE);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(pauses).toHaveLength(5);
  for (const [index, pause] of pauses.entries()) {
    const middle = 1000 * 1.5 ** index;
    expect(pause).toBeGreaterThanOrEqual(Math.floor(Math.min(0.8 * middle, 5000)));
    expect(pause).toBeLessThanOrEqual(Math.ceil(Math.min(1.2 * middle, 5000)));
  }
});

test('it is not tried again where the time for an export does not last', async () => {
  const { times, send } = answering({ status: 'retryable', retryInMillis: 20_000 });
  expect(await send(19_999)).toEqual(BUSY_FAILURE);
  expect(times).toEqual([0]);
});

test.for([
  ['refuses', REFUSED, 60_000, [0]],
  ['is busy beyond the end', { status: 'retryable', retryInMillis: 20_000 }, 10_000, [0]],
  [
    'is busy until before the end',
    { status: 'retryable', retryInMillis: 9_000 },
    10_000,
    [0, 9_000],
  ],
] as const)('at the end: a collector that %s', async ([, response, endsIn, tries]) => {
  for (const isPausing of [true, false]) {
    const { times, send, pauses } = answering(response);
    if (!isPausing) pauses.endBy(Date.now() + endsIn);
    const sent = send();
    await vi.advanceTimersByTimeAsync(0);
    if (isPausing) pauses.endBy(Date.now() + endsIn);
    await vi.advanceTimersByTimeAsync(endsIn);
    expect(await sent).toMatchObject({ status: 'failure' });
    expect(times).toEqual(tries);
  }
});
