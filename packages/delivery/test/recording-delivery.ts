import { setImmediate } from 'node:timers/promises';
import {
  type Delivery,
  type DeliveryReport,
  type OtlpRequest,
  type RecordSource,
  type RequestFate,
  type Signal,
  type Waiting,
} from '@milepost/delivery';

type AddedRequest = Omit<OtlpRequest, 'sequence'>;

const NOTHING: Waiting = { requests: 0, records: 0, bytes: 0, oldest: undefined };

/** A delivery that keeps what it is given, and tells the fate of each request when the test says so. */
export class RecordingDelivery implements Delivery {
  readonly spoolDirectory = undefined;
  readonly requests: AddedRequest[] = [];
  readonly lost: [Signal, string, number][] = [];
  /** What it says that waits on disk. */
  readonly onDisk: Record<Signal, Waiting> = {
    traces: NOTHING,
    logs: NOTHING,
    metrics: NOTHING,
  };
  readonly sources = new Map<RecordSource, { signal: Signal; held: () => number }>();
  flushes = 0;
  /** What a flush comes to for the requests that have no fate yet; undefined where they go on waiting. */
  fateAtFlush: RequestFate | undefined = 'delivered';
  readonly #fates: ((fate: RequestFate) => void)[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  async add(request: AddedRequest): Promise<RequestFate> {
    this.requests.push(request);
    for (const { count, resolve } of this.#waiting) if (this.requests.length >= count) resolve();
    return new Promise((resolve) => this.#fates.push(resolve));
  }

  /** Resolves when it has been given so many requests. */
  async given(count: number): Promise<void> {
    if (this.requests.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** Tells what became of the requests so far. */
  async settle(fate: RequestFate): Promise<void> {
    for (const resolve of this.#fates.splice(0)) resolve(fate);
    // Whoever waits for it has been told then.
    await setImmediate();
  }

  countLost(signal: Signal, reason: string, records: number): void {
    this.lost.push([signal, reason, records]);
  }

  addSource(signal: Signal, source: RecordSource, held: () => number): () => void {
    this.sources.set(source, { signal, held });
    return () => this.sources.delete(source);
  }

  /** Records that the sources of a signal hold. */
  held(signal: Signal): number {
    let held = 0;
    for (const source of this.sources.values()) if (source.signal === signal) held += source.held();
    return held;
  }

  async flush(): Promise<DeliveryReport> {
    this.flushes += 1;
    if (this.fateAtFlush !== undefined) await this.settle(this.fateAtFlush);
    return this.report();
  }

  report(): DeliveryReport {
    const of = (signal: Signal): DeliveryReport[Signal] => ({
      delivered: 0,
      inMemory: this.held(signal),
      spooled: this.#fates.length,
      oldest: undefined,
      lost: {},
      error: this.#fates.length === 0 ? undefined : '503 Service Unavailable',
      spoolError: undefined,
    });
    return { traces: of('traces'), logs: of('logs'), metrics: of('metrics') };
  }

  spooled(): Readonly<Record<Signal, Waiting>> {
    return this.onDisk;
  }

  async shutdown(): Promise<DeliveryReport> {
    return this.report();
  }

  endSync(): DeliveryReport {
    for (const source of this.sources.keys()) source.handOverSync();
    return this.report();
  }
}
