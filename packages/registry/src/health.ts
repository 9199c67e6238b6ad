import { diag } from '@opentelemetry/api';
import { type RegistryClock } from './clock.ts';
import { codeOf, messageOf } from './node-error.ts';
import { type PendingRecords } from './pending-records.ts';
import { isRegistryError } from './registry-error.ts';

/** How a registry fares: what `registry.health()` gives. */
export interface RegistryHealth {
  /** `degraded` while something could not be written, or was lost for want of room, and is not made good yet. */
  readonly state: 'ok' | 'degraded';
  /** Records that wait in memory for the disk. */
  readonly pendingRecords: number;
  /** About how many bytes they take. */
  readonly pendingBytes: number;
  /** Records that will never be on disk, since the registry was opened: `pipeline.telemetry.lost` of signal `registry`. */
  readonly lostRecords: number;
  /** The same by reason: dropped as there was no room for more (`memory_full`), or still waiting when it was closed, or told after that (`unsent`). */
  readonly lostByReason: Readonly<Record<'memory_full' | 'unsent', number>>;
  /** What went wrong last, also when it is over; undefined where nothing did. */
  readonly lastError: string | undefined;
  /** Since when the state is what it is, in milliseconds since the Unix epoch. */
  readonly since: number;
}

/** How many different errors of one outage are told, and how many of the runs that are given up. */
const MAX_TOLD = 10;
const WAITS = 'what is not on disk waits in memory and is tried again';

/**
 * Watches what cannot be written. An outage begins with the first that fails and ends when all that failed is written or
 * given up. Its beginning, each further kind of error and its end are told once, however much fails meanwhile.
 */
export class HealthWatch {
  readonly #clock: RegistryClock;
  readonly #pending: PendingRecords;
  readonly #failing = new Set<object>();
  readonly #told = new Set<string>();
  #gaveUp = 0;
  #lastError: string | undefined;
  #hasRefused = false;
  #since: number;
  /** Until the end of the last outage. Records are lost in outages alone. */
  #lostBefore = 0;

  constructor(clock: RegistryClock, pending: PendingRecords) {
    this.#clock = clock;
    this.#pending = pending;
    this.#since = clock.now();
  }

  /**
   * Something could not be written, and waits to be tried again.
   * @param source what failed, which has to recover
   * @param what could not be written
   */
  failed(source: object, what: string, error: unknown): void {
    const begins = this.#failing.size === 0;
    this.#failing.add(source);
    this.#lastError = `${what}: ${messageOf(error)}`;
    if (begins) {
      this.#since = this.#clock.now();
      this.#told.clear();
      this.#gaveUp = 0;
    }
    // Errors of the system are the same for every file, ours tell of one.
    const kind = isRegistryError(error) ? this.#lastError : (codeOf(error) ?? messageOf(error));
    if (this.#told.has(kind) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(kind);
    const failure = `cannot write ${this.#lastError}`;
    diag.error(`milepost: registry: ${begins ? `degraded: ${failure}; ${WAITS}` : failure}`);
  }

  /** What failed was written after all. */
  recovered(source: object): void {
    if (this.#ends(source)) this.#tellEnd('recovered');
  }

  /**
   * What failed will not be tried again.
   * @param lost how many records of what that costs, which are counted already
   */
  gaveUp(source: object, lost?: { readonly of: string; readonly records: number }): void {
    if (lost !== undefined && lost.records > 0 && this.#gaveUp < MAX_TOLD) {
      this.#gaveUp += 1;
      diag.error(`milepost: registry: gave up ${lost.of}; ${lost.records} records of it are lost`);
    }
    if (this.#ends(source)) this.#tellEnd('gave up');
  }

  #ends(source: object): boolean {
    return this.#failing.delete(source) && this.#failing.size === 0;
  }

  #tellEnd(how: string): void {
    const now = this.#clock.now();
    const seconds = ((now - this.#since) / 1000).toFixed(1);
    const lost = this.#pending.lost - this.#lostBefore;
    this.#since = now;
    this.#lostBefore = this.#pending.lost;
    const told = lost === 0 ? 'no record is lost' : `${lost} records are lost`;
    diag.warn(`milepost: registry: ${how} after ${seconds} s; ${told}`);
  }

  /**
   * A record came after the registry was closed: it is lost. The first is told.
   * @param what names it
   */
  refused(what: string): void {
    this.#pending.refused();
    if (this.#hasRefused) return;
    this.#hasRefused = true;
    this.#lastError = `the registry was closed before ${what}`;
    diag.warn(`milepost: registry: closed, ${what} is not recorded`);
  }

  /** Something failed and succeeded at once when tried again. */
  passed(what: string, error: unknown): void {
    this.#lastError = `${what}: ${messageOf(error)}`;
    diag.warn(`milepost: registry: cannot write ${this.#lastError}; written when tried again`);
  }

  report(): RegistryHealth {
    return {
      state: this.#failing.size > 0 ? 'degraded' : 'ok',
      pendingRecords: this.#pending.records,
      pendingBytes: this.#pending.bytes,
      lostRecords: this.#pending.lost,
      lostByReason: this.#pending.lostByReason,
      lastError: this.#lastError,
      since: this.#since,
    };
  }
}
