import { type Backoff } from './backoff.ts';
import { Pause } from './pause.ts';

/** Why nothing is tried for a while. */
export interface RestReason {
  /** Nobody listens there. */
  readonly isRefused: boolean;
  /** What the server asked for (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number;
}

/** The time between a try that failed and the next one. It does not keep the process alive. */
export class RestPeriod {
  readonly #backoff: Backoff;
  readonly #now: () => number;
  readonly #pause = new Pause();
  #current: { readonly reason: RestReason; readonly until: number } | undefined;

  constructor(backoff: Backoff, now: () => number) {
    this.#backoff = backoff;
    this.#now = now;
  }

  /** Whether the last try failed, and nobody has asked for another since. */
  get isOn(): boolean {
    return this.#current !== undefined;
  }

  /** When it is over, in milliseconds since the Unix epoch. */
  get until(): number | undefined {
    return this.#current?.until;
  }

  get isRefused(): boolean {
    return this.#current?.reason.isRefused ?? false;
  }

  /** A try failed. */
  begin(reason: RestReason): void {
    this.#current = { reason, until: this.#now() + this.#backoff.next(reason.retryAfterMs) };
  }

  /** Resolves when it is over. */
  async pass(): Promise<void> {
    if (this.#current !== undefined) await this.#pause.wait(this.#current.until - this.#now());
  }

  /** Somebody wants a try at once; only what the server asked for is waited for all the same. */
  cut(): void {
    if (this.#current?.reason.retryAfterMs !== undefined) return;
    this.#current = undefined;
    this.#pause.cut();
  }

  /** There is nothing to wait for any more. */
  end(): void {
    this.#current = undefined;
    this.#pause.cut();
  }

  /** A try succeeded. */
  succeeded(): void {
    this.#backoff.reset();
    this.#current = undefined;
  }
}
