import { diag } from '@opentelemetry/api';
import { JournalSegment, writeSegmentNow } from './journal-segment.ts';
import { messageOf } from './node-error.ts';
import { type OpenSegments } from './open-segments.ts';
import { type PendingRecords } from './pending-records.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

const MAX_TRIES = 3;

interface WaitingFlush {
  readonly through: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function bytesOf(bodies: readonly string[]): number {
  return bodies.reduce((sum, body) => sum + body.length, 0);
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
  readonly #runId: string;
  readonly #onSegment: (writer: string) => void;
  #segment: JournalSegment | undefined;
  #waiting: string[] = [];
  /** The batch that is being written. */
  #inFlight: readonly string[] = [];
  #writing: Promise<void> | undefined;
  /** In the order in which they came. */
  readonly #flushes: WaitingFlush[] = [];
  #taken = 0;
  #written = 0;
  #isFailing = false;
  #hasLost = false;
  #isDiscarded = false;

  constructor(
    environment: RegistryEnvironment,
    segments: OpenSegments,
    pending: PendingRecords,
    runId: string,
    onSegment: (writer: string) => void,
  ) {
    this.#environment = environment;
    this.#segments = segments;
    this.#pending = pending;
    this.#runId = runId;
    this.#onSegment = onSegment;
  }

  /**
   * Takes a record's text and returns at once.
   * @returns false where there is no room for it in memory: it is dropped and counted
   */
  push(body: string): boolean {
    if (!this.#pending.take(body.length)) {
      if (!this.#hasLost) {
        diag.error(
          `milepost: registry: the disk does not keep up; records of run ${this.#runId} are lost`,
        );
      }
      this.#hasLost = true;
      return false;
    }
    this.#waiting.push(body);
    this.#taken += 1;
    if (!this.#isFailing) this.#writing ??= this.#write();
    return true;
  }

  /** Whether every record taken is on disk. */
  get idle(): boolean {
    return this.#writing === undefined && this.#waiting.length === 0;
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
   * Writes what is not acknowledged yet at once, for a process that is about to exit. It goes into a segment of its
   * own: a write that is under way may still arrive, and a record that is there twice counts once.
   */
  flushSync(): void {
    const bodies = [...this.#inFlight, ...this.#waiting];
    if (bodies.length === 0) return;
    try {
      this.#onSegment(writeSegmentNow(this.#environment, this.#runId, bodies));
      this.#pending.written(bytesOf(this.#waiting));
      this.#waiting = [];
      this.#acknowledge(this.#taken);
    } catch (error) {
      this.#report(error);
    }
  }

  /** Gives up what waits for the disk, for good, and tells how many records that were. */
  discard(): number {
    const { length } = this.#waiting;
    this.#isDiscarded = true;
    this.#pending.gaveUp(length, bytesOf(this.#waiting));
    this.#waiting = [];
    for (const { reject } of this.#flushes.splice(0)) reject(new Error('records were given up'));
    return length;
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
        this.#report(error);
        this.#environment.directories.forget();
        await this.letGo();
      }
    }
    this.#writing = undefined;
    this.#isFailing = this.#waiting.length > 0;
    if (!this.#isFailing) this.#acknowledge(this.#taken);
    for (const { reject } of this.#flushes.splice(0)) reject(failure);
  }

  async #append(): Promise<void> {
    const batch = this.#waiting;
    const through = this.#taken;
    this.#waiting = [];
    this.#inFlight = batch;
    try {
      this.#segment ??= await this.#open();
      await this.#segment.append(batch);
      this.#pending.written(bytesOf(batch));
      this.#acknowledge(through);
    } catch (error) {
      if (this.#isDiscarded) this.#pending.gaveUp(batch.length, bytesOf(batch));
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
    const segment = await JournalSegment.create(fs, directories, clock, directory, this.#runId);
    this.#onSegment(segment.writer);
    return segment;
  }

  #report(error: unknown): void {
    diag.error(
      `milepost: registry: cannot write the journal of run ${this.#runId}: ${messageOf(error)}`,
    );
  }
}
