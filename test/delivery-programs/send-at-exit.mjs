/**
 * Ends in one of several ways, and sends requests with its last breath: `send-at-exit.mjs {way} {requests} {timeoutMs} {bytes}`.
 * Prints what became of them, and how long that took, as JSON.
 */
import { writeSync } from 'node:fs';
import { Agent } from 'node:http';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { otlpDestination, sendAtExit } from '@milepost/delivery';

const [way, count, timeoutMs, bytes = 0] = isMainThread ? process.argv.slice(2) : workerData;
const signals = ['traces', 'logs', 'metrics'];

if (way === 'thread' && isMainThread) {
  const file = new URL(import.meta.url);
  const thread = new Worker(file, { workerData: ['exit', count, timeoutMs, bytes] });
  thread.on('exit', (code) => {
    process.exitCode = code;
  });
} else {
  await main();
}

async function main() {
  // An agent of the user's own class cannot be made again in another thread.
  const config =
    way === 'own-agent' ? { httpAgentOptions: () => new (class extends Agent {})() } : {};
  const destinations = Object.fromEntries(
    await Promise.all(
      signals.map(async (signal) => [signal, await otlpDestination(signal, config).resolve()]),
    ),
  );
  const text = '{"resourceSpans":[]}'.padEnd(Number(bytes));
  const requests = Array.from({ length: Number(count) }, (_, sequence) => ({
    signal: signals[sequence % signals.length],
    sequence,
    body: Buffer.from(text),
    encoding: 'identity',
    contentType: 'application/json',
    records: 10,
    time: Date.now(),
    isSuperseded: false,
  }));
  const end = () => {
    const begin = performance.now();
    const outcomes = sendAtExit(requests, { destinations, timeoutMs: Number(timeoutMs) });
    const tookMs = performance.now() - begin;
    const isIntact = requests.every(({ body }) => body.toString() === text);
    writeSync(1, JSON.stringify({ tookMs, isIntact, outcomes: tally(outcomes) }));
  };
  if (way === 'sigterm') {
    process.on('SIGTERM', () => {
      end();
      process.exit(143);
    });
    setTimeout(() => undefined, 60_000);
    process.kill(process.pid, 'SIGTERM');
    return;
  }
  process.on('exit', end);
  if (way === 'exit') process.exit(3);
  if (way === 'throw') throw new Error('uncaught');
  if (way === 'reject') void Promise.reject(new Error('unhandled'));
}

function tally(outcomes) {
  const counts = {};
  for (const { kind, message } of outcomes) {
    const name = message === undefined ? kind : `${kind}: ${message}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
