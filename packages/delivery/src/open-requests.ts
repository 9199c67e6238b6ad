import { type Delivery, type RequestFate } from './delivery.ts';
import { type Signal } from './signal.ts';
import { UndeliveredError } from './undelivered-error.ts';

interface OpenRequest {
  readonly records: number;
  fate: RequestFate | undefined;
  /** The one that was handed over after it, which has what it had where it is superseded. */
  next: OpenRequest | undefined;
}

/** The requests of one source that have no fate yet. */
export class OpenRequests {
  readonly #open = new Set<OpenRequest>();
  #last: OpenRequest | undefined;

  /** Takes in a request that was handed over. */
  add(records: number, fate: Promise<RequestFate>): void {
    const request: OpenRequest = { records, fate: undefined, next: undefined };
    if (this.#last !== undefined) this.#last.next = request;
    this.#last = request;
    this.#open.add(request);
    void fate.then((became) => {
      request.fate = became;
      this.#open.delete(request);
    });
  }

  /**
   * Flushes a delivery for those that are open now: not for what others have there, nor for what comes from now on.
   * @throws UndeliveredError where one of them is not delivered after all
   */
  async flush(signal: Signal, delivery: Delivery, timeoutMs: number): Promise<void> {
    const watched = [...this.#open];
    const report = await delivery.flush({ timeoutMs });
    const last = new Set(watched.map(successorOf));
    const count = (...fates: readonly OpenRequest['fate'][]): number =>
      [...last].reduce((sum, { records, fate }) => sum + (fates.includes(fate) ? records : 0), 0);
    const undelivered = { waiting: count(undefined, 'kept'), lost: count('lost') };
    if (undelivered.waiting + undelivered.lost === 0) return;
    throw new UndeliveredError(signal, undelivered, delivery.spoolDirectory, report[signal]);
  }
}

function successorOf(request: OpenRequest): OpenRequest {
  let last = request;
  while (last.fate === 'superseded' && last.next !== undefined) last = last.next;
  return last;
}
