import { diag } from '@opentelemetry/api';
import { type HealthWatch } from './health.ts';
import { JournalSegment, createWriter, writeSegmentNow } from './journal-segment.ts';
import { messageOf } from './node-error.ts';
import { type OpenSegments } from './open-segments.ts';
import { type PendingRecords, type RecordLossReason } from './pending-records.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

const MAX_TRIES = 3;
const DOES_NOT_KEEP_UP = 'the disk does not keep up, records are lost';

interface WaitingFlush {
  readonly through: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function bytesOf(bodies: readonly string[]): number {
  return bodies.reduce((sum, body) => sum + body.length, 0);
}

/** What the queues of one registry share. */
export interface JournalQueueShare {
  readonly segments: OpenSegments;
  readonly pending: PendingRecords;
  readonly health: HealthWatch;
}

/** Whom a queue tells what. */
export interface JournalQueueEvents {
  /** A segment was begun. */
  segment(writer: string): void;
  /** Records could not be written: someone has to flush again later. */
  failing(): void;
}

/**
 * Records of one run on their way to disk. Whatever came in while a write was under way is written by the next one:
 * group commit without a window. A write that fails closes the segment; the same records go into a new one. When that
 * fails too they wait for the next flush.
 */
export class JournalQueue {
  readonly #environment: RegistryEnvironment;
  readonly #segments: OpenSegments;
  readonly #pending: PendingRecords;
  readonly #health: HealthWatch;
  readonly #runId: string;
  readonly #on: JournalQueueEvents;
  #segment: JournalSegment | undefined;
  /** The writer of a segment in which nothing is acknowledged yet. */
  #begun: string | undefined;
  #waiting: string[] = [];
  /** The batch that is being written. */
  #inFlight: readonly string[] = [];
  #writing: Promise<void> | undefined;
  /** In the order in which they came. */
  readonly #flushes: WaitingFlush[] = [];
  #taken = 0;
  #written = 0;
  #isFailing = false;
  /** Why it was given up; undefined until then. */
  #discardedFor: RecordLossReason | undefined;

  constructor(
    environment: RegistryEnvironment,
    share: JournalQueueShare,
    runId: string,
    on: JournalQueueEvents,
  ) {
    this.#environment = environment;
    this.#segments = share.segments;
    this.#pending = share.pending;
    this.#health = share.health;
    this.#runId = runId;
    this.#on = on;
  }

  /**
   * Takes a record's text and returns at once.
   * @returns false where there is no room for it in memory: it is dropped and counted
   */
  push(body: string): boolean {
    if (!this.#pending.take(body.length)) {
      this.#health.failed(this.#pending, this.#what, new Error(DOES_NOT_KEEP_UP));
      return false;
    }
    this.#waiting.push(body);
    this.#taken += 1;
    if (!this.#isFailing) this.#writing ??= this.#write();
    return true;
  }

  /** Whether a record's text would be taken without giving up another run. */
  hasRoomFor(body: string): boolean {
    return this.#pending.hasRoomFor(body.length);
  }

  /** Whether the last write failed: only a flush tries again. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Whether every record taken is on disk. */
  get idle(): boolean {
    return this.#writing === undefined && this.#waiting.length === 0;
  }

  /** Texts of the records that are not on disk yet, or not known to be. */
  get pending(): readonly string[] {
    return [...this.#inFlight, ...this.#waiting];
  }

  /** Resolves when every record taken before this call is on disk; rejects when they cannot be written for now. */
  async flush(): Promise<void> {
    if (this.idle) return;
    this.#writing ??= this.#write();
    const through = this.#taken;
    await new Promise<void>((resolve, reject) => {
      this.#flushes.push({ through, resolve, reject });
    });
  }

  /**
   * Writes what is not acknowledged yet at once, for a process that is about to exit. It goes into a segment of its own,
   * which takes the place of one that is just being begun. A write that is under way in another may still arrive: a
   * record that is there twice counts once.
   */
  flushSync(): void {
    const bodies = this.pending;
    if (bodies.length === 0) return;
    try {
      const inPlaceOf = this.#begun;
      this.#on.segment(writeSegmentNow(this.#environment, this.#runId, bodies, inPlaceOf));
      this.#wrote(bodies);
      this.#begun = undefined;
      this.#inFlight = [];
      this.#waiting = [];
      this.#isFailing = false;
      this.#health.recovered(this);
      this.#acknowledge(this.#taken);
    } catch (error) {
      this.#health.failed(this, this.#what, error);
    }
  }

  /** Gives up what waits for the disk, for good. */
  discard(reason: RecordLossReason): void {
    const { length } = this.#waiting;
    this.#discardedFor = reason;
    this.#pending.gaveUp(length, bytesOf(this.#waiting), reason);
    this.#waiting = [];
    this.#noteRoom();
    this.#health.gaveUp(this, { of: this.#what, records: length });
    for (const { reject } of this.#flushes.splice(0)) reject(new Error('records were given up'));
  }

  /** Flushes and closes the segment, also where the flush fails. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#segments.forget(this);
      await this.letGo();
    }
  }

  async letGo(): Promise<void> {
    const segment = this.#segment;
    this.#segment = undefined;
    try {
      await segment?.close();
    } catch (error) {
      diag.warn(`milepost: registry: closing a segment failed: ${messageOf(error)}`);
    }
  }

  async #write(): Promise<void> {
    // Lets the caller's synchronous work go on, and gathers what it records.
    await new Promise(setImmediate);
    let tries = this.#isFailing ? 1 : MAX_TRIES;
    let failure: unknown;
    while (this.#waiting.length > 0 && tries > 0) {
      try {
        await this.#segments.during(this, () => this.#append());
        tries = MAX_TRIES;
      } catch (error) {
        tries -= 1;
        failure = error;
        this.#environment.directories.forget();
        await this.letGo();
      }
    }
    this.#writing = undefined;
    this.#settle(failure);
  }

  #settle(failure: unknown): void {
    const hasFailed = this.#isFailing;
    this.#isFailing = this.#waiting.length > 0;
    if (this.#isFailing) this.#health.failed(this, this.#what, failure);
    else if (failure !== undefined && !hasFailed) this.#health.passed(this.#what, failure);
    if (!this.#isFailing) {
      this.#health.recovered(this);
      this.#acknowledge(this.#taken);
    }
    for (const { reject } of this.#flushes.splice(0)) reject(failure);
    if (this.#isFailing) this.#on.failing();
  }

  async #append(): Promise<void> {
    const batch = this.#waiting;
    const through = this.#taken;
    this.#waiting = [];
    this.#inFlight = batch;
    const isWrittenMeanwhile = (): boolean => this.#inFlight !== batch;
    try {
      this.#segment ??= await this.#open();
      await this.#segment.append(batch);
      // Its file may have been replaced.
      if (isWrittenMeanwhile()) return await this.letGo();
      this.#begun = undefined;
      this.#wrote(batch);
      this.#acknowledge(through);
    } catch (error) {
      if (isWrittenMeanwhile()) return await this.letGo();
      const reason = this.#discardedFor;
      if (reason !== undefined) this.#pending.gaveUp(batch.length, bytesOf(batch), reason);
      else this.#waiting = [...batch, ...this.#waiting];
      throw error;
    } finally {
      this.#inFlight = [];
    }
  }

  #acknowledge(through: number): void {
    this.#written = Math.max(this.#written, through);
    const waits = this.#flushes.findIndex((flush) => flush.through > this.#written);
    const due = this.#flushes.splice(0, waits === -1 ? this.#flushes.length : waits);
    for (const { resolve } of due) resolve();
  }

  async #open(): Promise<JournalSegment> {
    const { fs, directories, clock, layout } = this.#environment;
    const directory = layout.journal(this.#runId);
    const writer = createWriter();
    this.#begun = writer;
    this.#on.segment(writer);
    return JournalSegment.create(fs, directories, clock, directory, { runId: this.#runId, writer });
  }

  #wrote(bodies: readonly string[]): void {
    this.#pending.written(bodies.length, bytesOf(bodies));
    this.#noteRoom();
  }

  /** Where records were lost for want of room, that is over when none waits any more. */
  #noteRoom(): void {
    if (this.#pending.records === 0) this.#health.recovered(this.#pending);
  }

  get #what(): string {
    return `the journal of run ${this.#runId}`;
  }
}
