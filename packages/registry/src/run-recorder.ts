import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type RunIdentity } from '@milepost/core/hooks';
import { type KnownJournalRecord } from '@milepost/semconv/schemas';
import { FoldingRecords } from './folding-records.ts';
import { type ForeignFindings, findForeign } from './foreign-files.ts';
import { journalBody } from './journal-line.ts';
import { JournalQueue } from './journal-queue.ts';
import { JournalReader } from './journal-reader.ts';
import { segmentFile } from './journal-segment.ts';
import { OpenExecutions } from './open-executions.ts';
import { type RecordLossReason } from './pending-records.ts';
import { type RecordedEvent, recordText, runJoinedText } from './record-text.ts';
import { RecordTimes } from './record-times.ts';
import { type RecorderShare } from './recorder-share.ts';
import { type RegistryEnvironment, reportProblem } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { renderRun } from './render-run.ts';
import { resolveSource } from './resolve-source.ts';
import { rewriteInRounds } from './rewrite-rounds.ts';
import { RewriteSchedule } from './rewrite-schedule.ts';
import { RunFiles, derivedRecord } from './run-files.ts';
import { RunFold, type RunState } from './run-fold.ts';

/** How often, and how long, a file that does not parse is waited for before it counts as damaged. */
const MAX_WAITS = 2;
const WAIT_MS = 20;

/** What changes the status of a run or a stage. */
const CHANGING: ReadonlySet<RecordedEvent['type']> = new Set([
  'run_started',
  'run_ended',
  'stage_started',
  'stage_ended',
]);

/** Why a rewrite failed. */
interface RewriteFailure {
  readonly error: unknown;
}

/** Records one run: its journal first, then the files that follow from it. */
export class RunRecorder {
  readonly runId: string;
  readonly #environment: RegistryEnvironment;
  readonly #share: RecorderShare;
  readonly #fold: RunFold;
  readonly #queue: JournalQueue;
  readonly #others: JournalReader;
  readonly #files: RunFiles;
  readonly #schedule: RewriteSchedule;
  readonly #open: OpenExecutions;
  readonly #unfolded: FoldingRecords;
  readonly #times: RecordTimes;
  #ended = false;
  #isGivenUp = false;
  #hasRecords = false;
  #rewriting: Promise<RewriteFailure | undefined> | undefined;

  constructor(environment: RegistryEnvironment, share: RecorderShare, runId: string) {
    this.runId = runId;
    this.#environment = environment;
    this.#share = share;
    this.#times = new RecordTimes(environment.clock);
    this.#open = new OpenExecutions(runId, share.heartbeats);
    this.#fold = new RunFold(runId);
    this.#unfolded = new FoldingRecords(this.#fold);
    this.#others = new JournalReader(environment.fs, environment.layout.journal(runId));
    this.#queue = new JournalQueue(environment, share, runId, {
      segment: (writer) => this.#moveTo(writer),
      failing: () => share.onFailing(this),
    });
    this.#files = new RunFiles(environment, share.latest, runId);
    this.#schedule = new RewriteSchedule(environment.clock, () => this.#rewriteSoon());
  }

  /** A time for the next record: that of the event, moved on a little where an earlier record shares it. */
  stamp(time: number): number {
    return this.#times.next(time);
  }

  /** Takes an event of the feed and returns at once. */
  tell(event: RecordedEvent): void {
    if (!this.#hasRecords && event.type !== 'run_started') {
      this.#take(runJoinedText(event.run, this.stamp(event.time)));
    }
    const execution = 'stage' in event ? this.#open.textOf(event.stage) : '';
    this.#take(recordText(event, this.stamp(event.time), execution));
    this.#schedule.note(CHANGING.has(event.type));
    this.#open.note(event);
    if (event.type === 'run_started') this.#ended = false;
    else if (event.type === 'run_ended') {
      this.#ended = true;
      this.#rewriteSoon();
    }
  }

  #moveTo(writer: string): void {
    this.#others.ignore(writer);
    this.#open.moveTo(join(this.#environment.layout.journal(this.runId), segmentFile(writer)));
  }

  #rewriteSoon(): void {
    // What fails is reported where it fails, and tried again.
    this.rewrite().catch(() => undefined);
  }

  /**
   * Takes a record of anything else.
   * @returns false where it was dropped
   */
  record(record: KnownJournalRecord): boolean {
    const taken = this.#take(journalBody(record));
    this.#schedule.note(record.kind !== 'output_recorded');
    return taken;
  }

  /** Says of which run the records are, where the first of them would not. */
  introduce(run: RunIdentity, time: number): void {
    if (!this.#hasRecords) this.#take(runJoinedText(run, this.stamp(time)));
  }

  #take(text: string): boolean {
    if (!this.#queue.push(text)) return false;
    this.#hasRecords = true;
    this.#unfolded.push(text);
    return true;
  }

  /** Whether everything is on disk, so that another recorder could go on. */
  get isKept(): boolean {
    return this.#queue.idle && this.#rewriting === undefined && !this.#schedule.lacks();
  }

  /** Whether stages are under way. */
  get isBusy(): boolean {
    return !this.#open.isEmpty;
  }

  /** Whether the run ended here. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The state as this process knows it, without a look at the disk. */
  peek(): RunState {
    this.#unfolded.fold();
    return this.#fold;
  }

  /** Texts of the records that are not on disk yet, or not known to be. */
  get pending(): readonly string[] {
    return this.#queue.pending;
  }

  /** Writes records that wait for the disk at once. */
  flushJournalSync(): void {
    this.#queue.flushSync();
  }

  /** Resolves when every record taken so far is on disk; rejects when they cannot be written for now. */
  async flushJournal(): Promise<void> {
    await this.#queue.flush();
  }

  /**
   * Resolves when hub, spokes and links on disk show every record taken so far.
   * @throws what kept a rewrite that began after this call from it
   */
  async rewrite(): Promise<void> {
    const through = this.#schedule.records;
    if (this.#rewriting !== undefined) await this.#rewriting;
    if (!this.#schedule.lacks(through)) return;
    this.#rewriting ??= this.#rewriteInTurn();
    const failure = await this.#rewriting;
    if (failure !== undefined) throw failure.error;
  }

  /** Writes hub, spokes and links anew where they are not as they should be. */
  async rebuild(): Promise<void> {
    this.#share.resultLinks.forget();
    this.#files.forget();
    this.#schedule.note(true);
    await this.rewrite();
  }

  /** Writes everything and lets go of the journal's file, also where writing fails. */
  async close(): Promise<void> {
    try {
      if (!this.#isGivenUp) await this.rewrite();
    } finally {
      this.#schedule.stop();
      await this.#queue.close();
    }
  }

  /** Writes nothing more: what is not on disk is lost. */
  giveUp(reason: RecordLossReason): void {
    this.#isGivenUp = true;
    this.#schedule.stop();
    this.#queue.discard(reason);
    this.#share.health.gaveUp(this);
  }

  async #rewriteInTurn(): Promise<RewriteFailure | undefined> {
    const failure = await this.#share.rewrites.take(() => this.#guardedRewrite());
    this.#rewriting = undefined;
    this.#share.onRewritten(this, failure === undefined);
    return failure;
  }

  async #guardedRewrite(): Promise<RewriteFailure | undefined> {
    const { clock } = this.#environment;
    const { health } = this.#share;
    this.#schedule.begin();
    const start = clock.monotonic();
    try {
      await this.#rewrite();
      this.#schedule.end(clock.monotonic() - start);
      health.recovered(this);
      return undefined;
    } catch (error) {
      this.#schedule.fail();
      // A journal that fails is told by itself.
      if (!this.#queue.isFailing && !this.#isGivenUp)
        health.failed(this, `the files of run ${this.runId}`, error);
      return { error };
    }
  }

  async #rewrite(): Promise<void> {
    // While the journal cannot be written, nothing else is worth its while.
    if (this.#queue.isFailing) await this.#queue.flush();
    await rewriteInRounds({
      others: this.#others,
      add: (record) => this.#fold.add(record),
      derive: () => this.#files.settled(this.#fold, this.#others, () => this.#derive()),
      isDerived: async () =>
        this.#files.areAsWanted(await findForeign(this.#environment, this.#fold, () => 0)),
    });
  }

  /**
   * What others wrote, and the source that the run names, become records of the journal.
   * @returns what is on disk
   */
  async #takeIn(): Promise<ForeignFindings> {
    await this.#unfolded.foldInSlices();
    const stamp = (): number => this.stamp(this.#environment.clock.now());
    const readAgain = (): Promise<unknown> => this.#others.read((one) => this.#fold.add(one));
    let found = await findForeign(this.#environment, this.#fold, stamp, readAgain);
    for (let wait = 0; found.problems.length > 0 && wait < MAX_WAITS; wait += 1) {
      // Others write in place: what does not parse may be half written.
      await setTimeout(WAIT_MS);
      found = await findForeign(this.#environment, this.#fold, stamp, readAgain);
    }
    found.problems.forEach(reportProblem);
    await this.#append(found.records);
    const source = await resolveSource(this.#environment, this.#fold, stamp);
    if (source !== undefined) await this.#append([source]);
    return found;
  }

  /** Takes records that follow from what is there, without asking for another rewrite. */
  async #append(records: readonly KnownJournalRecord[]): Promise<void> {
    for (const record of records) {
      const text = journalBody(record);
      if (!this.#queue.hasRoomFor(text)) await this.#queue.flush();
      // No file may be written of which the journal will not tell.
      if (!this.#take(text)) throw new RegistryError('write_failed', 'the disk does not keep up');
    }
    this.#unfolded.fold();
  }

  async #derive(): Promise<void> {
    const found = await this.#takeIn();
    const { layout, itemsKey, clock } = this.#environment;
    this.#unfolded.fold();
    const run = renderRun(this.#fold, {
      itemsKey,
      metadataPath: (step) => layout.metadataPath(step, this.runId),
    });
    const links = this.#share.resultLinks.due(this.#fold);
    const stale = this.#files.stale(run, this.#fold, found);
    const record = derivedRecord(stale, this.#fold, () => this.stamp(clock.now()));
    if (record !== undefined) await this.#append([record]);
    // Truth first: no file tells what the journal does not.
    await this.#queue.flush();
    if (this.#isGivenUp) throw new RegistryError('write_failed', 'the run was given up');
    if (stale.length > 0) await this.#files.write(stale, run.overview.startTime);
    await this.#share.resultLinks.move(this.runId, run.overview.startTime, links);
  }
}
