import { type Backoff } from './backoff.ts';
import { type MemoryBudget } from './memory-budget.ts';
import { type RequestStore } from './request-store.ts';
import { type SignalAccount } from './signal-account.ts';
import { type Signal } from './signal.ts';
import { type Transport } from './transport.ts';

/** What the sender of one signal works with. */
export interface SenderParts {
  readonly signal: Signal;
  readonly transport: Transport;
  readonly store: RequestStore;
  readonly budget: MemoryBudget;
  readonly account: SignalAccount;
  readonly backoff: Backoff;
  /** What is older, in milliseconds, is set aside. */
  readonly maxAgeMs: number;
  /** How long a request waits in memory alone while the collector is busy, in milliseconds. */
  readonly spillAfterMs: number;
  /** A disk that takes so many milliseconds for one request is not waited for. */
  readonly maxWriteMs: number;
  /** Gives the next sequence number of this process. */
  readonly nextSequence: () => number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsed: () => number;
}
