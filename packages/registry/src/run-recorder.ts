import { setTimeout } from 'node:timers/promises';
import { type RunIdentity, type StageIdentity } from '@milepost/core/hooks';
import { type KnownJournalRecord, parseJournalRecord } from '@milepost/semconv/schemas';
import { type ForeignFindings, findForeign } from './foreign-files.ts';
import { journalBody } from './journal-line.ts';
import { JournalQueue } from './journal-queue.ts';
import { JournalReader } from './journal-reader.ts';
import { type LatestLinks } from './latest-links.ts';
import { type RecordedEvent, executionText, recordText, runJoinedText } from './record-text.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { renderRun } from './render-run.ts';
import { resolveSource } from './resolve-source.ts';
import { type ResultLinks } from './result-links.ts';
import { RewriteSchedule } from './rewrite-schedule.ts';
import { RunFiles } from './run-files.ts';
import { RunFold, type RunState } from './run-fold.ts';

/** Records of this process are never further apart from the clock than this, to keep their order. */
const MAX_AHEAD_MS = 5000;
const TICK_MS = 0.001;
/** How often a rewrite begins anew because others wrote meanwhile, before it leaves that to them. */
const MAX_ROUNDS = 4;
/** How often, and how long, a file that does not parse is waited for before it counts as damaged. */
const MAX_WAITS = 2;
const WAIT_MS = 20;

/** Records one run: its journal first, then the files that follow from it. */
export class RunRecorder {
  readonly runId: string;
  readonly #environment: RegistryEnvironment;
  readonly #resultLinks: ResultLinks;
  readonly #fold: RunFold;
  readonly #queue: JournalQueue;
  readonly #others: JournalReader;
  readonly #files: RunFiles;
  readonly #schedule: RewriteSchedule;
  /** Executions under way, with the text that their records share. */
  readonly #open = new Map<string, string>();
  #unfolded: string[] = [];
  #lastTime = 0;
  #ended = false;
  #hasRecords = false;
  #rewriting: Promise<void> | undefined;

  constructor(
    environment: RegistryEnvironment,
    latest: LatestLinks,
    resultLinks: ResultLinks,
    runId: string,
  ) {
    this.runId = runId;
    this.#environment = environment;
    this.#resultLinks = resultLinks;
    this.#fold = new RunFold(runId);
    this.#others = new JournalReader(environment.fs, environment.layout.journal(runId));
    this.#queue = new JournalQueue(environment, runId, (writer) => this.#others.ignore(writer));
    this.#files = new RunFiles(environment, latest, runId);
    this.#schedule = new RewriteSchedule(environment.clock, () => void this.rewrite());
  }

  /** A time for the next record: that of the event, moved on a little where an earlier record shares it. */
  stamp(time: number): number {
    const last = this.#lastTime;
    const valid = Number.isFinite(time) ? time : this.#environment.clock.now();
    this.#lastTime = valid <= last && last - valid < MAX_AHEAD_MS ? last + TICK_MS : valid;
    return this.#lastTime;
  }

  /** Takes an event of the feed and returns at once. */
  tell(event: RecordedEvent): void {
    if (!this.#hasRecords && event.type !== 'run_started') {
      this.#take(runJoinedText(event.run, this.stamp(event.time)));
    }
    const execution = 'stage' in event ? this.#executionText(event.stage) : '';
    this.#take(recordText(event, this.stamp(event.time), execution));
    this.#schedule.note(event.type !== 'item_ended');
    if (event.type === 'stage_started') this.#open.set(event.stage.executionId, execution);
    else if (event.type === 'stage_ended') this.#open.delete(event.stage.executionId);
    else if (event.type === 'run_started') this.#ended = false;
    else if (event.type === 'run_ended') {
      this.#ended = true;
      void this.rewrite();
    }
  }

  #executionText(stage: StageIdentity): string {
    return this.#open.get(stage.executionId) ?? executionText(stage);
  }

  /** Takes a record of anything else. */
  record(record: KnownJournalRecord): void {
    this.#take(journalBody(record));
    this.#schedule.note(record.kind !== 'output_recorded');
  }

  /** Says of which run the records are, where the first of them would not. */
  introduce(run: RunIdentity, time: number): void {
    if (!this.#hasRecords) this.#take(runJoinedText(run, this.stamp(time)));
  }

  #take(text: string): void {
    if (!this.#queue.push(text)) return;
    this.#hasRecords = true;
    this.#unfolded.push(text);
  }

  /** Whether the run ended, everything is on disk, and nothing more is known to come. */
  get done(): boolean {
    return (
      this.#open.size === 0 &&
      this.#queue.idle &&
      this.#rewriting === undefined &&
      !this.#schedule.lacks()
    );
  }

  /** Whether the run ended here. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The state as this process knows it, without a look at the disk. */
  peek(): RunState {
    this.#foldPending();
    return this.#fold;
  }

  /** Writes records that wait for the disk at once. */
  flushJournalSync(): void {
    this.#queue.flushSync();
  }

  /** Resolves when every record taken so far is on disk. */
  async flushJournal(): Promise<void> {
    await this.#queue.flush();
  }

  /** Resolves when hub, spokes and links on disk show every record taken so far. Never rejects. */
  async rewrite(): Promise<void> {
    const through = this.#schedule.records;
    for (;;) {
      if (this.#rewriting !== undefined) await this.#rewriting;
      else if (this.#schedule.lacks(through)) {
        this.#rewriting = this.#guardedRewrite();
        await this.#rewriting;
        this.#rewriting = undefined;
      } else return;
    }
  }

  /** Writes hub, spokes and links anew where they are not as they should be. */
  async rebuild(): Promise<void> {
    this.#schedule.note(true);
    await this.rewrite();
  }

  /** Writes everything and lets go of the journal's file. */
  async close(): Promise<void> {
    await this.rewrite();
    this.#schedule.stop();
    await this.#queue.close();
  }

  #foldPending(): void {
    const texts = this.#unfolded;
    this.#unfolded = [];
    // Parsed as a reader would: what is shown now is what will be read later.
    for (const text of texts) this.#fold.add(parseJournalRecord(JSON.parse(text)));
  }

  async #guardedRewrite(): Promise<void> {
    try {
      await this.#rewrite();
    } catch (error) {
      const hub = this.#environment.layout.hub(this.runId);
      reportProblem(problemOf(this.#environment, hub, error));
    }
  }

  async #rewrite(): Promise<void> {
    const { clock } = this.#environment;
    this.#schedule.begin();
    const start = clock.monotonic();
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const problems = await this.#others.read((record) => this.#fold.add(record));
      problems.forEach(reportProblem);
      await this.#derive(await this.#takeIn());
      if (!(await this.#others.grew())) break;
    }
    this.#schedule.end(clock.monotonic() - start);
  }

  /**
   * What others wrote, and the source that the run names, become records of the journal.
   * @returns what is on disk
   */
  async #takeIn(): Promise<ForeignFindings> {
    this.#foldPending();
    const stamp = (): number => this.stamp(this.#environment.clock.now());
    let found = await findForeign(this.#environment, this.#fold, stamp);
    for (let wait = 0; found.problems.length > 0 && wait < MAX_WAITS; wait += 1) {
      // Others write in place: what does not parse may be half written.
      await setTimeout(WAIT_MS);
      found = await findForeign(this.#environment, this.#fold, stamp);
    }
    found.problems.forEach(reportProblem);
    this.#append(found.records);
    this.#foldPending();
    const source = await resolveSource(this.#environment, this.#fold, stamp);
    if (source !== undefined) this.#append([source]);
    return found;
  }

  /** Takes records that follow from what is there, without asking for another rewrite. */
  #append(records: readonly KnownJournalRecord[]): void {
    for (const record of records) this.#take(journalBody(record));
  }

  async #derive(found: ForeignFindings): Promise<void> {
    const { layout, itemsKey } = this.#environment;
    this.#foldPending();
    const run = renderRun(this.#fold, {
      itemsKey,
      metadataPath: (step) => layout.metadataPath(step, this.runId),
    });
    const links = this.#resultLinks.due(this.#fold);
    const stale = this.#files.stale(run, this.#fold, found);
    if (stale.length > 0) {
      const files = Object.fromEntries(stale.map(({ recorded, digest }) => [recorded, digest]));
      const time = this.stamp(this.#environment.clock.now());
      this.#append([{ kind: 'derived_written', time, files }]);
    }
    // Truth first: no file tells what the journal does not.
    await this.#queue.flush();
    if (stale.length > 0) await this.#files.write(stale, run.overview.startTime);
    await this.#resultLinks.move(this.runId, run.overview.startTime, links);
  }
}
