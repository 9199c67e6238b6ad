import { AsyncResource } from 'node:async_hooks';
import { type LossReason } from '@milepost/semconv';
import {
  type Delivery,
  type DeliveryReport,
  type RecordSource,
  type RequestFate,
  type SignalDelivery,
} from './delivery.ts';
import { describeError } from './describe-error.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { type RequestStore, type Waiting } from './request-store.ts';
import { type ExitOutcome } from './send-at-exit.ts';
import { type Sender } from './sender.ts';
import { type SignalAccount } from './signal-account.ts';
import { type Signal } from './signal.ts';
import { warn } from './warn.ts';
import { within } from './within.ts';

/** What a running delivery is made of. */
export interface DeliveryParts {
  readonly spoolDirectory: string | undefined;
  readonly store: RequestStore;
  readonly senders: Readonly<Record<Signal, Sender>>;
  readonly accounts: Readonly<Record<Signal, SignalAccount>>;
  readonly nextSequence: () => number;
  /** Sends while the process waits; gives an outcome for each request. Never throws. */
  readonly sendAtExit: (
    requests: readonly OtlpRequest[],
    timeoutMs: number,
  ) => readonly ExitOutcome[];
  /** How often what others left is looked for, in milliseconds. */
  readonly adoptEveryMs: number;
}

const DISPOSE_TIMEOUT_MS = 1_000;
/** A disk gets so long at a shutdown, however little time there was. */
const MIN_SPILL_MS = 100;

interface RegisteredSource {
  readonly signal: Signal;
  readonly source: RecordSource;
  readonly held: () => number;
}

/** Memory, senders and spool of all signals of one process. */
export class RunningDelivery implements Delivery, AsyncDisposable {
  readonly #parts: DeliveryParts;
  readonly #sources = new Set<RegisteredSource>();
  /** Sending goes on for long: it must not hold on to what is current where a record is made. */
  readonly #context = new AsyncResource('milepost.delivery');
  readonly #adoptTimer: NodeJS.Timeout;
  readonly #keepErrors = new Map<Signal, string>();
  #hasEnded = false;
  #shutdown: Promise<DeliveryReport> | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#adoptTimer = setInterval(() => void this.#adopt(), parts.adoptEveryMs).unref();
    void this.#adopt();
  }

  get spoolDirectory(): string | undefined {
    return this.#parts.spoolDirectory;
  }

  add(request: Omit<OtlpRequest, 'sequence'>): Promise<RequestFate> {
    const { senders, nextSequence } = this.#parts;
    const numbered = { ...request, sequence: nextSequence() };
    if (!this.#hasEnded) {
      return this.#context.runInAsyncScope(() => senders[request.signal].add(numbered));
    }
    return Promise.resolve(this.#keep(numbered) ? 'kept' : 'lost');
  }

  countLost(signal: Signal, reason: LossReason, records: number): void {
    this.#parts.accounts[signal].countLost(reason, records);
  }

  addSource(signal: Signal, source: RecordSource, held: () => number): () => void {
    const registered = { signal, source, held };
    this.#sources.add(registered);
    return () => {
      this.#sources.delete(registered);
    };
  }

  async flush({ timeoutMs }: { readonly timeoutMs: number }): Promise<DeliveryReport> {
    if (!this.#hasEnded) {
      await this.#context.runInAsyncScope(() => this.#flushBy(Date.now() + timeoutMs));
    }
    return this.report();
  }

  report(): DeliveryReport {
    return {
      traces: this.#reportOf('traces'),
      logs: this.#reportOf('logs'),
      metrics: this.#reportOf('metrics'),
    };
  }

  spooled(): Readonly<Record<Signal, Waiting>> {
    const { store } = this.#parts;
    return {
      traces: store.waiting('traces'),
      logs: store.waiting('logs'),
      metrics: store.waiting('metrics'),
    };
  }

  shutdown({ timeoutMs }: { readonly timeoutMs: number }): Promise<DeliveryReport> {
    this.#shutdown ??= this.#context.runInAsyncScope(() => this.#stopBy(Date.now() + timeoutMs));
    return this.#shutdown;
  }

  /** Shuts down, within a second. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown({ timeoutMs: DISPOSE_TIMEOUT_MS });
  }

  endSync({ timeoutMs }: { readonly timeoutMs: number }): DeliveryReport {
    const deadline = Date.now() + timeoutMs;
    for (const { source } of this.#sources) source.handOverSync();
    if (!this.#hasEnded) {
      this.#end((requests) => {
        const leftMs = deadline - Date.now() - timeToKeepMs(requests);
        return leftMs > 0 ? this.#parts.sendAtExit(requests, leftMs) : [];
      });
    }
    return this.report();
  }

  async #stopBy(deadline: number): Promise<DeliveryReport> {
    if (this.#hasEnded) return this.report();
    await this.#flushBy(deadline);
    // What the disk does not take in time is written without waiting for it.
    const spilled = Object.values(this.#parts.senders).map((sender) => sender.spill());
    const leftMs = Math.max(deadline - Date.now(), MIN_SPILL_MS);
    await within(leftMs, Promise.all(spilled), { holdsProcess: true });
    // What was recorded meanwhile; and from now on they hold nothing back.
    for (const { source } of this.#sources) source.handOverSync();
    this.#end(() => []);
    return this.report();
  }

  async #flushBy(deadline: number): Promise<void> {
    const { store, senders } = this.#parts;
    const handedOver = [...this.#sources].map(({ source }) => source.handOver());
    await within(deadline - Date.now(), Promise.all([...handedOver, store.adopt()]), {
      holdsProcess: true,
    });
    await Promise.all(Object.values(senders).map((sender) => sender.flushBy(deadline)));
  }

  #end(send: (requests: readonly OtlpRequest[]) => readonly ExitOutcome[]): void {
    const { senders, accounts, store } = this.#parts;
    this.#hasEnded = true;
    clearInterval(this.#adoptTimer);
    const unsent: OtlpRequest[] = [];
    const toSend: OtlpRequest[] = [];
    for (const sender of Object.values(senders)) {
      const { requests, isAvailable } = sender.stop();
      (isAvailable ? toSend : unsent).push(...requests);
    }
    const outcomes = toSend.length === 0 ? [] : send(toSend);
    for (const [i, request] of toSend.entries()) {
      const { signal, sequence } = request;
      const outcome = outcomes[i];
      if (outcome?.kind === 'accepted') {
        accounts[signal].countAccepted(request.records, outcome.rejected);
        // Its copy may be on its way to the disk.
        store.forgetSync(signal, sequence);
        senders[signal].tell(sequence, 'delivered');
      } else {
        if (outcome !== undefined && 'message' in outcome) accounts[signal].error = outcome.message;
        unsent.push(request);
      }
    }
    for (const request of unsent) {
      if (!this.#keep(request)) senders[request.signal].tell(request.sequence, 'lost');
    }
    for (const sender of Object.values(senders)) sender.tellRest('kept');
    store.releaseSync();
  }

  /** Leaves a request to another process. */
  #keep(request: OtlpRequest): boolean {
    const { store, accounts } = this.#parts;
    try {
      store.appendSync(request);
      return true;
    } catch (error) {
      accounts[request.signal].countLost('unsent', request.records);
      if (this.spoolDirectory !== undefined) {
        this.#keepErrors.set(request.signal, describeError(error));
        warn('what is left could not be written to the spool', error);
      }
      return false;
    }
  }

  async #adopt(): Promise<void> {
    const { store, senders } = this.#parts;
    await store.adopt();
    for (const sender of Object.values(senders)) sender.wake();
  }

  #reportOf(signal: Signal): SignalDelivery {
    const { accounts, senders, store } = this.#parts;
    const account = accounts[signal];
    const sender = senders[signal];
    const waiting = store.waiting(signal);
    let inMemory = this.#hasEnded ? 0 : sender.recordsInMemory;
    for (const source of this.#sources) {
      if (source.signal === signal && !this.#hasEnded) inMemory += source.held();
    }
    const oldest = Math.min(
      waiting.oldest ?? Infinity,
      this.#hasEnded ? Infinity : (sender.oldestInMemory ?? Infinity),
    );
    return {
      delivered: account.delivered,
      inMemory,
      spooled: waiting.records,
      oldest: Number.isFinite(oldest) ? oldest : undefined,
      lost: account.lost,
      error: account.error,
      spoolError: this.#keepErrors.get(signal) ?? sender.spoolError,
    };
  }
}

/** About what it takes to write requests to the disk, in milliseconds: a generous guess, as nothing better is known. */
function timeToKeepMs(requests: readonly OtlpRequest[]): number {
  const bytes = requests.reduce((sum, { body }) => sum + body.length, 0);
  return requests.length * 0.5 + (bytes / 2 ** 20) * 5;
}
