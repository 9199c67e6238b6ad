import { setImmediate } from 'node:timers/promises';
import { type RegistryFileSystem, nodeFileSystem } from '@milepost/registry';

/** A file system whose calls on some paths wait to be let through one by one, so that others can come in between. */
export class GatedFileSystem {
  readonly #isGated: (path: string) => boolean;
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #arrived = Promise.withResolvers<void>();
  #hasEnded = false;
  #isOpen = true;
  /** Names of the calls that were let through. */
  readonly calls: string[] = [];

  constructor(isGated: (path: string) => boolean) {
    this.#isGated = isGated;
  }

  /** Begins work whose calls wait. */
  async begin(work: () => Promise<unknown>): Promise<void> {
    this.#isOpen = false;
    work().then(
      () => this.#end(),
      (error: unknown) => this.#ended.reject(error),
    );
    await this.#settle();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#ended.resolve();
  }

  /** Waits until a call waits, or the work is over. */
  async #settle(): Promise<void> {
    // What follows from a call at once comes to its own calls meanwhile.
    await setImmediate();
    while (this.#waiting.length === 0 && !this.#hasEnded) {
      this.#arrived = Promise.withResolvers<void>();
      await Promise.race([this.#arrived.promise, this.#ended.promise]);
    }
  }

  /**
   * Lets one call through, and waits for the next.
   * @returns whether the work goes on after that
   */
  async step(): Promise<boolean> {
    await this.#waiting.shift()?.();
    await this.#settle();
    return !this.#hasEnded;
  }

  async #pass<T>(name: string, path: string, call: () => Promise<T>): Promise<T> {
    if (this.#isOpen || !this.#isGated(path)) return call();
    const { promise, resolve } = Promise.withResolvers<void>();
    const passed = Promise.withResolvers<void>();
    this.#waiting.push(() => {
      this.calls.push(`${name} ${path}`);
      resolve();
      return passed.promise;
    });
    this.#arrived.resolve();
    try {
      await promise;
      return await call();
    } finally {
      passed.resolve();
    }
  }

  readonly fs: RegistryFileSystem = {
    ...nodeFileSystem,
    readFile: (path) => this.#pass('readFile', path, () => nodeFileSystem.readFile(path)),
    link: (from, to) => this.#pass('link', to, () => nodeFileSystem.link(from, to)),
    rename: (from, to) => this.#pass('rename', to, () => nodeFileSystem.rename(from, to)),
    unlink: (path) => this.#pass('unlink', path, () => nodeFileSystem.unlink(path)),
  };
}
