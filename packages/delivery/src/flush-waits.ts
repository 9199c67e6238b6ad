import { MAX_TIMER_MS } from './max-timer.ts';

/** How far the sending of one signal is. */
export interface Progress {
  /** Sequence of the oldest request that is not settled, wherever it is; undefined where there is none. */
  readonly oldest: number | undefined;
  /** Whether everything that waits is on disk, or cannot be put there. */
  readonly isSafe: boolean;
  /** When the next try begins, in milliseconds since the Unix epoch, while the collector does not take anything. */
  readonly nextTryAt: number | undefined;
  /** Whether nobody listens where the last try went. */
  readonly isRefused: boolean;
}

interface Wait {
  through: number;
  readonly deadline: number;
  readonly end: () => void;
}

/** Those who wait until what there is has been sent. */
export class FlushWaits {
  readonly #waits = new Set<Wait>();

  get isEmpty(): boolean {
    return this.#waits.size === 0;
  }

  /**
   * Resolves when all requests up to a sequence are settled, when it makes no sense to wait longer, or at the deadline.
   * Keeps the process alive as long.
   */
  until(through: number, deadline: number, progress: Progress): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => wait.end(),
      Math.min(Math.max(0, deadline - Date.now()), MAX_TIMER_MS),
    );
    const wait: Wait = {
      through,
      deadline,
      end: () => {
        clearTimeout(timer);
        this.#waits.delete(wait);
        resolve();
      },
    };
    this.#waits.add(wait);
    this.check(progress);
    return promise;
  }

  /** A request goes on under another sequence: those who wait for it wait for that. */
  follow(from: number, to: number): void {
    for (const wait of this.#waits) {
      if (wait.through >= from) wait.through = Math.max(wait.through, to);
    }
  }

  /** Ends the waits that have nothing to wait for any more. */
  check(progress: Progress): void {
    for (const wait of this.#waits) if (isOver(wait, progress)) wait.end();
  }
}

function isOver(wait: Wait, { oldest, isSafe, nextTryAt, isRefused }: Progress): boolean {
  if (oldest === undefined || oldest > wait.through) return true;
  // A collector that refuses is not waited for, nor one that is tried again too late.
  return isSafe && nextTryAt !== undefined && (isRefused || nextTryAt >= wait.deadline);
}
