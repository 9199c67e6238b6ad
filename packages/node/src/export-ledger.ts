import { describeFailure } from './describe-failure.ts';

/** What a ledger says since it was last asked. */
export interface LedgerReport {
  /** Records that no collector has taken and that nobody will send again. */
  readonly undelivered: number;
  /** Why the last of them was not delivered. */
  readonly error: string | undefined;
}

/** Keeps count of what one exporter was given and what became of it, because batch processors drop and fail silently. */
export class ExportLedger {
  /** Whether a successful export makes up for failed ones before it. */
  readonly supersedes: boolean;
  /** Records in flight, by what ends the wait for them. */
  readonly #inFlight = new Map<() => void, { records: number; promise: Promise<void> }>();
  #closed = false;
  #accepted = 0;
  #attempted = 0;
  #undelivered = 0;
  #error: string | undefined;

  /** @param options.supersedes a successful export makes up for failed ones before it, as with cumulative metrics */
  constructor(options: { readonly supersedes?: boolean } = {}) {
    this.supersedes = options.supersedes ?? false;
  }

  /** How many records were handed over so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Whether records wait that no export has been tried for. */
  get hasUnsent(): boolean {
    return this.#accepted > this.#attempted;
  }

  /** Whether nothing more is to be sent. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Nothing more is sent: what waits now and what comes later counts as lost. */
  close(): void {
    this.#closed = true;
    this.countDropped('telemetry was shut down');
  }

  /** A record was handed over, to be exported. */
  accept(): void {
    this.#accepted += 1;
  }

  /**
   * An export of that many records begins.
   * @returns ends it, with the error where it failed
   */
  begin(records: number): (failure?: { readonly error: unknown }) => void {
    this.#attempted += records;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#inFlight.set(resolve, { records, promise });
    return (failure) => {
      if (!this.#inFlight.delete(resolve)) return;
      if (failure !== undefined) this.#lose(records, describeFailure(failure.error));
      else if (this.supersedes) this.#forget();
      resolve();
    };
  }

  /** Whether an export is in flight. */
  get isBusy(): boolean {
    return this.#inFlight.size > 0;
  }

  /** What was accepted and has not been exported by now will not be: it was dropped on the way. */
  countDropped(why: string): void {
    const dropped = this.#accepted - this.#attempted;
    if (dropped <= 0) return;
    this.#attempted = this.#accepted;
    this.#lose(dropped, why);
  }

  /** What is in flight is not waited for any longer and counts as lost, whatever becomes of it. */
  abandon(why: string): void {
    for (const [resolve, { records }] of this.#inFlight) {
      this.#lose(records, why);
      resolve();
    }
    this.#inFlight.clear();
  }

  /** Resolves when no export is in flight. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) {
      await Promise.all(Array.from(this.#inFlight.values(), ({ promise }) => promise));
    }
  }

  /** What went wrong since this was last asked. */
  takeReport(): LedgerReport {
    const report = { undelivered: this.#undelivered, error: this.#error };
    this.#forget();
    return report;
  }

  #lose(records: number, error: string): void {
    this.#undelivered += records;
    this.#error = error;
  }

  #forget(): void {
    this.#undelivered = 0;
    this.#error = undefined;
  }
}
