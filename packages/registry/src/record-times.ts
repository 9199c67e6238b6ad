import { type RegistryClock } from './clock.ts';

/** Records of this process are never further apart from the clock than this, to keep their order. */
const MAX_AHEAD_MS = 5000;
const TICK_MS = 0.001;

/** Times of the records of one run, each after the one before it. In milliseconds since the Unix epoch. */
export class RecordTimes {
  readonly #clock: RegistryClock;
  #last = 0;

  constructor(clock: RegistryClock) {
    this.#clock = clock;
  }

  /** A time for the next record: that of its event, moved on a little where an earlier record shares it. */
  next(time: number): number {
    const last = this.#last;
    const valid = Number.isFinite(time) ? time : this.#clock.now();
    this.#last = valid <= last && last - valid < MAX_AHEAD_MS ? last + TICK_MS : valid;
    return this.#last;
  }
}
