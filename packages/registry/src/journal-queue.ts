import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { journalLines } from './journal-line.ts';
import { JournalSegment, createWriter, segmentFile, segmentOpened } from './journal-segment.ts';
import { messageOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

const MAX_TRIES = 3;

/**
 * Records of one run on their way to disk. Whatever came in while a write was under way is written by the next one:
 * group commit without a window. A write that fails closes the segment; the same records go into a new one.
 */
export class JournalQueue {
  readonly #environment: RegistryEnvironment;
  readonly #runId: string;
  readonly #onSegment: (writer: string) => void;
  #segment: JournalSegment | undefined;
  #waiting: string[] = [];
  /** The batch that is being written. */
  #inFlight: readonly string[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #flushes: { readonly through: number; readonly resolve: () => void }[] = [];
  #taken = 0;
  #written = 0;
  #lost = 0;

  constructor(
    environment: RegistryEnvironment,
    runId: string,
    onSegment: (writer: string) => void,
  ) {
    this.#environment = environment;
    this.#runId = runId;
    this.#onSegment = onSegment;
  }

  /** Takes a record's text and returns at once. Beyond the bound of memory it is dropped and counted. */
  push(body: string): boolean {
    if (this.#waitingBytes + body.length > this.#environment.maxPendingBytes) {
      if (this.#lost === 0) {
        diag.error(
          `milepost: registry: the disk does not keep up; records of run ${this.#runId} are lost`,
        );
      }
      this.#lost += 1;
      return false;
    }
    this.#waiting.push(body);
    this.#taken += 1;
    this.#waitingBytes += body.length;
    this.#writing ??= this.#write();
    return true;
  }

  /** How many records were dropped. */
  get lost(): number {
    return this.#lost;
  }

  /** Whether every record taken is on disk. */
  get idle(): boolean {
    return this.#writing === undefined && this.#waiting.length === 0;
  }

  /** Resolves when every record taken before this call is on disk, or cannot be written for now. Never rejects. */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) this.#writing ??= this.#write();
    if (this.#writing === undefined) return;
    const through = this.#taken;
    await new Promise<void>((resolve) => this.#flushes.push({ through, resolve }));
  }

  /**
   * Writes what is not acknowledged yet at once, for a process that is about to exit. It goes into a segment of its
   * own: a write that is under way may still arrive, and a record that is there twice counts once.
   */
  flushSync(): void {
    const bodies = [...this.#inFlight, ...this.#waiting];
    if (bodies.length === 0) return;
    const { fs, clock, layout } = this.#environment;
    const directory = layout.journal(this.#runId);
    try {
      const writer = createWriter();
      const opening = segmentOpened(this.#runId, writer, clock.now());
      fs.sync.mkdirs(directory);
      fs.sync.writeNew(join(directory, segmentFile(writer)), journalLines(1, [opening, ...bodies]));
      this.#onSegment(writer);
      this.#written += this.#waiting.length;
      this.#waiting = [];
      this.#waitingBytes = 0;
    } catch (error) {
      diag.error(
        `milepost: registry: cannot write the journal of run ${this.#runId}: ${messageOf(error)}`,
      );
    }
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#drop();
  }

  async #write(): Promise<void> {
    // Lets the caller's synchronous work go on, and gathers what it records.
    await new Promise(setImmediate);
    for (let failures = 0; this.#waiting.length > 0 && failures < MAX_TRIES;) {
      const batch = this.#waiting;
      this.#inFlight = batch;
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        this.#segment ??= await this.#open();
        await this.#segment.append(batch);
        this.#inFlight = [];
        this.#written += batch.length;
        this.#acknowledge(this.#written);
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#inFlight = [];
        this.#waiting = [...batch, ...this.#waiting];
        this.#waitingBytes = this.#waiting.reduce((sum, body) => sum + body.length, 0);
        diag.error(
          `milepost: registry: cannot write the journal of run ${this.#runId}: ${messageOf(error)}`,
        );
        this.#environment.directories.forget();
        await this.#drop();
      }
    }
    this.#writing = undefined;
    this.#acknowledge(this.#taken);
  }

  #acknowledge(through: number): void {
    const [kept, due] = [
      this.#flushes.filter((flush) => flush.through > through),
      this.#flushes.filter((flush) => flush.through <= through),
    ];
    this.#flushes = kept;
    for (const { resolve } of due) resolve();
  }

  async #open(): Promise<JournalSegment> {
    const { fs, directories, clock, layout } = this.#environment;
    const directory = layout.journal(this.#runId);
    const segment = await JournalSegment.create(fs, directories, clock, directory, this.#runId);
    this.#onSegment(segment.writer);
    return segment;
  }

  async #drop(): Promise<void> {
    const segment = this.#segment;
    this.#segment = undefined;
    try {
      await segment?.close();
    } catch (error) {
      diag.warn(`milepost: registry: closing a segment failed: ${messageOf(error)}`);
    }
  }
}
