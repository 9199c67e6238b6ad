import { type RegistryClock, systemClock } from '@milepost/registry';

/** A clock whose timers run when the test says so. */
export class HeldClock implements RegistryClock {
  readonly timers: { readonly at: number; readonly fn: () => void }[] = [];
  #now = 0;

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { at: this.#now + delayMs, fn };
    this.timers.push(timer);
    return () => {
      this.timers.splice(this.timers.indexOf(timer), 1);
    };
  }

  /** How long until the next timer. */
  get due(): number[] {
    return this.timers.map(({ at }) => at - this.#now);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of this.timers.filter(({ at }) => at <= this.#now)) {
      this.timers.splice(this.timers.indexOf(timer), 1);
      timer.fn();
    }
  }
}
