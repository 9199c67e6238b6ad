import { Backoff, type BackoffOptions } from './backoff.ts';
import { type Delivery } from './delivery.ts';
import { HttpTransport } from './http-transport.ts';
import { MemoryBudget } from './memory-budget.ts';
import { noStore } from './no-store.ts';
import { type OtlpDestination } from './otlp-destination.ts';
import { type RequestStore } from './request-store.ts';
import { RunningDelivery } from './running-delivery.ts';
import { sendAtExit } from './send-at-exit.ts';
import { Sender } from './sender.ts';
import { SignalAccount } from './signal-account.ts';
import { type Signal } from './signal.ts';
import { openSpool } from './spool.ts';
import { type Transport } from './transport.ts';

/** What `openDelivery` takes. */
export interface DeliveryOptions {
  /** Where each signal goes: made by `otlpDestination`. */
  readonly destinations: Readonly<Record<Signal, OtlpDestination>>;
  /** Directory in which requests wait that the collector does not take. Default: none, they wait in memory alone. */
  readonly spoolDirectory?: string | undefined;
  /** Bytes on disk at most, of all processes that share the directory; then the oldest go. Default 256 MiB. */
  readonly maxSpoolBytes?: number | undefined;
  /** Bytes of requests in memory at most, all signals together; then the oldest go. Default 64 MiB. */
  readonly maxMemoryBytes?: number | undefined;
  /** Milliseconds after which a record is set aside instead of sent: no server takes it any more. Default 7 days. */
  readonly maxAgeMs?: number | undefined;
  /** Milliseconds that a request waits in memory alone before it is on disk too. Default 1,000. */
  readonly spillAfterMs?: number | undefined;
  /** Pauses between tries. */
  readonly backoff?: BackoffOptions | undefined;
  /** Sends the requests of a destination. Default: over HTTP. */
  readonly createTransport?: ((destination: OtlpDestination) => Transport) | undefined;
}

const DEFAULT_MAX_MEMORY_BYTES = 64 * 2 ** 20;
const DEFAULT_MAX_SPOOL_BYTES = 256 * 2 ** 20;
const DEFAULT_MAX_AGE_MS = 7 * 24 * 3_600_000;
const DEFAULT_SPILL_AFTER_MS = 1_000;
const ADOPT_EVERY_MS = 60_000;
const MAX_WRITE_MS = 5_000;

/**
 * Opens the way of this process's telemetry to its collector. Sends from now on, what earlier processes left too; nothing
 * of it keeps the process alive. One per process and thread.
 */
export function openDelivery(options: DeliveryOptions): Delivery & AsyncDisposable {
  const { destinations, spoolDirectory } = options;
  const accounts = {
    traces: new SignalAccount('traces'),
    logs: new SignalAccount('logs'),
    metrics: new SignalAccount('metrics'),
  };
  const store: RequestStore =
    spoolDirectory === undefined
      ? noStore
      : openSpool({
          directory: spoolDirectory,
          destinations: {
            traces: destinations.traces.url,
            logs: destinations.logs.url,
            metrics: destinations.metrics.url,
          },
          maxBytes: options.maxSpoolBytes ?? DEFAULT_MAX_SPOOL_BYTES,
          onLost: (signal, reason, records) => accounts[signal].countLost(reason, records),
          onForgotten: (signal, sequence, fate) => senders[signal].tell(sequence, fate),
        });
  const budget = new MemoryBudget(options.maxMemoryBytes ?? DEFAULT_MAX_MEMORY_BYTES);
  const createTransport =
    options.createTransport ?? ((destination) => new HttpTransport(destination));
  let sequence = 0;
  const nextSequence = (): number => (sequence += 1);
  const sender = (signal: Signal): Sender =>
    new Sender({
      signal,
      transport: createTransport(destinations[signal]),
      store,
      budget,
      account: accounts[signal],
      backoff: new Backoff(options.backoff),
      maxAgeMs: options.maxAgeMs ?? DEFAULT_MAX_AGE_MS,
      spillAfterMs: options.spillAfterMs ?? DEFAULT_SPILL_AFTER_MS,
      maxWriteMs: MAX_WRITE_MS,
      nextSequence,
      now: Date.now,
      elapsed: () => performance.now(),
    });
  const senders = { traces: sender('traces'), logs: sender('logs'), metrics: sender('metrics') };
  for (const destination of Object.values(destinations)) {
    // So that headers and agent are known when the process ends; who fails now fails at the first try again.
    destination.resolve().catch(() => undefined);
  }
  return new RunningDelivery({
    spoolDirectory,
    store,
    accounts,
    senders,
    nextSequence,
    sendAtExit: (requests, timeoutMs) =>
      sendAtExit(requests, {
        timeoutMs,
        destinations: {
          traces: destinations.traces.resolved,
          logs: destinations.logs.resolved,
          metrics: destinations.metrics.resolved,
        },
      }),
    adoptEveryMs: ADOPT_EVERY_MS,
  });
}
