import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { watchOwnDeath } from './own-death.ts';
import {
  type TerminatingSignal,
  TERMINATING_SIGNALS,
  isTerminatingSignal,
} from './terminating-signals.ts';

/** What is done about a signal. Neither may throw. */
export interface SignalHooks {
  /** The process dies of it now: called once at most, synchronously, before. */
  readonly end: (signal: TerminatingSignal) => void;
  /** Others listen for it and decide what becomes of the process: called before them. */
  readonly precaution: () => void;
}

// The first process of a container does not die of a signal that nobody listens for: the kernel drops it.
const INIT_PID = 1;

// The program may replace it.
const kill = process.kill.bind(process);

/**
 * Listens for signals that end the process, and leaves to each the effect that it would have had. Where nobody else
 * listens, the process dies of the signal, so that its parent sees that; otherwise the others decide, as if nobody but
 * they listened. In worker threads, which get no signals, and on Windows, where a process cannot raise a signal again, nothing is done.
 * @returns stops it
 */
export function watchSignals(hooks: SignalHooks): () => void {
  if (!isMainThread || process.platform === 'win32') return () => undefined;
  const watches = new Map(
    TERMINATING_SIGNALS.map((signal) => [signal, new SignalWatch(signal, hooks)]),
  );
  const arrange = (event: unknown): void => {
    if (isTerminatingSignal(event)) watches.get(event)?.arrangeSoon();
  };
  for (const watch of watches.values()) watch.start();
  process.on('newListener', arrange);
  process.on('removeListener', arrange);
  return () => {
    process.off('newListener', arrange);
    process.off('removeListener', arrange);
    for (const watch of watches.values()) watch.stop();
  };
}

/**
 * The listener of one signal. It is the first on the list, because one that runs later cannot tell whether others have run
 * that were on the list only once; and it is off the list while others run, because libraries such as signal-exit compare
 * the number of listeners with that of their own.
 */
class SignalWatch {
  readonly #signal: TerminatingSignal;
  readonly #hooks: SignalHooks;
  #state: 'listening' | 'aside' | 'stopped' = 'stopped';
  #isArranging = false;

  constructor(signal: TerminatingSignal, hooks: SignalHooks) {
    this.#signal = signal;
    this.#hooks = hooks;
  }

  start(): void {
    this.#state = 'listening';
    process.prependListener(this.#signal, this.#onSignal);
  }

  stop(): void {
    this.#state = 'stopped';
    process.off(this.#signal, this.#onSignal);
  }

  /** Becomes the first on the list again, whoever was put before it or took it off; no signal comes before that. */
  arrangeSoon(): void {
    if (this.#state !== 'listening' || this.#isArranging) return;
    this.#isArranging = true;
    process.nextTick(() => {
      if (this.#state === 'listening' && process.listeners(this.#signal)[0] !== this.#onSignal) {
        process.off(this.#signal, this.#onSignal);
        process.prependListener(this.#signal, this.#onSignal);
      }
      this.#isArranging = false;
    });
  }

  readonly #onSignal = (_name: string, number?: unknown): void => {
    const signal = this.#signal;
    // A program may emit it by itself, which kills nobody.
    const isReal = number === constants.signals[signal];
    const isDeadly = isReal && process.pid !== INIT_PID;
    this.#state = 'aside';
    process.off(signal, this.#onSignal);
    if (process.listenerCount(signal) === 0 && isDeadly) {
      this.#hooks.end(signal);
      kill(process.pid, signal);
      return;
    }
    if (isReal) this.#hooks.precaution();
    const unwatch = isDeadly ? watchOwnDeath(this.#hooks.end) : () => undefined;
    // Runs when all listeners of the signal have.
    process.nextTick(() => {
      unwatch();
      if (this.#state === 'aside') this.start();
    });
  };
}
