import { type RegistryEnvironment } from './registry-environment.ts';
import { type RunChange } from './run-change.ts';
import { RunWatch, type WatchOptions, type WatchReader, parseWatchOptions } from './watch-runs.ts';

/** The watches of one open registry. */
export class Watches {
  readonly #environment: RegistryEnvironment;
  readonly #reader: WatchReader;
  /** Ends each of those that are under way. */
  readonly #open = new Set<() => void>();
  #isClosed = false;

  constructor(environment: RegistryEnvironment, reader: WatchReader) {
    this.#environment = environment;
    this.#reader = reader;
  }

  /**
   * A watch that begins with the first question for a change.
   * @throws {RegistryError} `invalid_argument`
   */
  watch(options: WatchOptions): AsyncIterableIterator<RunChange, void, undefined> {
    const stop = new AbortController();
    const changes = this.#changes(parseWatchOptions(options), stop);
    return {
      next: () => changes.next(),
      // A generator ends only when what it waits for has come.
      return: () => {
        stop.abort();
        return changes.return();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Ends all watches. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#open) end();
  }

  async *#changes(
    options: WatchOptions,
    stop: AbortController,
  ): AsyncGenerator<RunChange, void, undefined> {
    const { signal } = options;
    const end = (): void => stop.abort();
    if (this.#isClosed || signal?.aborted === true) end();
    signal?.addEventListener('abort', end, { once: true });
    this.#open.add(end);
    try {
      const watch = new RunWatch(this.#environment, this.#reader, options);
      for await (const change of watch.changes(stop.signal)) {
        if (stop.signal.aborted) return;
        yield change;
      }
    } finally {
      signal?.removeEventListener('abort', end);
      this.#open.delete(end);
    }
  }
}
