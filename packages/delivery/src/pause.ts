import { MAX_TIMER_MS } from './max-timer.ts';

/** A wait that can be cut, and that does not keep the process alive. */
export class Pause {
  #end: (() => void) | undefined;

  /** Resolves when the time is over, or at {@link cut}. */
  wait(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(milliseconds, MAX_TIMER_MS));
    timer.unref();
    this.#end = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  cut(): void {
    this.#end?.();
  }
}
