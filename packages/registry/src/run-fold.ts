import { type JournalRecord, type KnownJournalRecord } from '@milepost/semconv/schemas';
import { foreignTime, parseTime } from './iso-time.ts';
import { type RecordOf, canonicalText, compareRecords, earlier, later } from './record-order.ts';
import { isRepaired, laterEnd, sentKeysOf } from './repaired-end.ts';

/** What is known of one attempt of a run. */
export interface AttemptState {
  started?: RecordOf<'run_started'>;
  joined?: RecordOf<'run_joined'>;
  /** One that somebody decided on only where there is no other. */
  ended?: RecordOf<'run_ended'>;
  /** The last that somebody decided on. */
  repaired?: RecordOf<'run_ended'>;
  /** All starts, where they contradict one another. */
  starts?: readonly RecordOf<'run_started'>[];
  /** All ends, where they contradict one another. */
  ends?: readonly RecordOf<'run_ended'>[];
}

/** What is known of one item in one execution. */
export interface ItemState {
  /** Its first outcome's time: what lists are ordered by. */
  firstTime: number;
  last: RecordOf<'item_ended'>;
}

/** What is known of one try of a queue's job. */
export interface JobTryState {
  started?: RecordOf<'job_started'>;
  ended?: RecordOf<'job_ended'>;
}

/** What is known of one execution of a stage. */
export interface ExecutionState {
  readonly executionId: string;
  started?: RecordOf<'stage_started'>;
  /** One that somebody decided on only where there is no other. */
  ended?: RecordOf<'stage_ended'>;
  /** The last that somebody decided on. */
  repaired?: RecordOf<'stage_ended'>;
  /** All starts, where they contradict one another. */
  starts?: readonly RecordOf<'stage_started'>[];
  /** All ends, where they contradict one another. */
  ends?: readonly RecordOf<'stage_ended'>[];
  /** The first record of an item: what tells of an execution whose own records are missing. */
  firstItem?: RecordOf<'item_ended'>;
  readonly items: Map<string, ItemState>;
}

/** What names one try of a job among those of its run. */
export function jobTryKey(record: RecordOf<'job_started' | 'job_ended'>): string {
  return `${record.run_attempt}\0${record.queue}\0${record.job_id}\0${record.attempt}`;
}

/** All that the records of one run say. Every slot is a least or greatest of its records, so order never matters. */
export interface RunState {
  readonly runId: string;
  readonly attempts: ReadonlyMap<number, Readonly<AttemptState>>;
  readonly executions: ReadonlyMap<string, Readonly<ExecutionState>>;
  /** Tries of jobs, by run attempt, queue, job and try. */
  readonly jobs: ReadonlyMap<string, Readonly<JobTryState>>;
  /** By execution and path. */
  readonly outputs: ReadonlyMap<string, RecordOf<'output_recorded'>>;
  /** By step and text of the metadata. */
  readonly saved: ReadonlyMap<string, RecordOf<'step_saved'>>;
  /** By the name that the run gave. */
  readonly sources: ReadonlyMap<string, RecordOf<'source_resolved'>>;
  /** By digest. */
  readonly foreignHubs: ReadonlyMap<string, RecordOf<'hub_taken_in'>>;
  /** By step and digest. */
  readonly foreignSpokes: ReadonlyMap<string, RecordOf<'spoke_taken_in'>>;
  /** What was sent of repaired ends, by run attempt and by execution. */
  readonly sent: ReadonlyMap<string, RecordOf<'repair_sent'>>;
  /** Digests of each derived file as written by us, by path relative to the root. */
  readonly written: ReadonlyMap<string, ReadonlySet<string>>;
  /** Time of the first record about the run itself; undefined where there is none. */
  readonly firstTime: number | undefined;
}

/** What others wrote happened when they say so, not when it was taken in. */
function timeToldBy(record: KnownJournalRecord): number {
  if (record.kind === 'hub_taken_in') return parseTime(record.timestamp) ?? record.time;
  if (record.kind === 'spoke_taken_in') return foreignTime(record.content) ?? record.time;
  return record.time;
}

/** An item's record without its stack trace, which no view of a run shows: a run may have a hundred thousand items. */
function withoutStack(record: RecordOf<'item_ended'>): RecordOf<'item_ended'> {
  if (record.error?.stack === undefined) return record;
  const { stack: _, ...error } = record.error;
  return { ...record, error };
}

/** All records of what may happen once, where there is more than one; undefined where all are the same. */
function contradicting<T extends KnownJournalRecord>(
  known: readonly T[] | undefined,
  first: T | undefined,
  next: T,
): readonly T[] | undefined {
  if (first === undefined) return undefined;
  const all = known ?? [first];
  return all.some((one) => compareRecords(one, next) === 0) ? known : [...all, next];
}

/** Adds an end, as it came or as somebody decided on it. */
function addEnd<T extends RecordOf<'run_ended' | 'stage_ended'>>(
  to: { ended?: T; repaired?: T; ends?: readonly T[] },
  record: T,
): void {
  if (isRepaired(record)) to.repaired = laterEnd(to.repaired, record);
  else {
    const known = isRepaired(to.ended) ? undefined : to.ended;
    const ends = contradicting(to.ends, known, record);
    if (ends !== undefined) to.ends = ends;
  }
  to.ended = laterEnd(to.ended, record);
}

/**
 * The fold: takes records of one run in any order, any number of times, and gives the same state for the same set.
 * It looks at what records say, never at who wrote them.
 */
export class RunFold implements RunState {
  readonly runId: string;
  readonly attempts: Map<number, AttemptState> = new Map<number, AttemptState>();
  readonly executions: Map<string, ExecutionState> = new Map<string, ExecutionState>();
  readonly jobs: Map<string, JobTryState> = new Map<string, JobTryState>();
  readonly outputs: Map<string, RecordOf<'output_recorded'>> = new Map<
    string,
    RecordOf<'output_recorded'>
  >();
  readonly saved: Map<string, RecordOf<'step_saved'>> = new Map<string, RecordOf<'step_saved'>>();
  readonly sources: Map<string, RecordOf<'source_resolved'>> = new Map<
    string,
    RecordOf<'source_resolved'>
  >();
  readonly foreignHubs: Map<string, RecordOf<'hub_taken_in'>> = new Map<
    string,
    RecordOf<'hub_taken_in'>
  >();
  readonly foreignSpokes: Map<string, RecordOf<'spoke_taken_in'>> = new Map<
    string,
    RecordOf<'spoke_taken_in'>
  >();
  readonly sent: Map<string, RecordOf<'repair_sent'>> = new Map<string, RecordOf<'repair_sent'>>();
  readonly written: Map<string, Set<string>> = new Map<string, Set<string>>();
  firstTime: number | undefined;

  constructor(runId: string) {
    this.runId = runId;
  }

  add(record: JournalRecord): void {
    if (record.kind === 'segment_opened' || record.kind === 'unknown') return;
    if (record.kind === 'derived_written') {
      for (const [path, digest] of Object.entries(record.files)) this.#digests(path).add(digest);
      return;
    }
    if (record.kind === 'repair_sent') {
      for (const one of sentKeysOf(record)) this.sent.set(one, later(this.sent.get(one), record));
      return;
    }
    this.firstTime = Math.min(this.firstTime ?? Number.POSITIVE_INFINITY, timeToldBy(record));
    switch (record.kind) {
      case 'run_started': {
        const attempt = this.#attempt(record.run_attempt);
        const starts = contradicting(attempt.starts, attempt.started, record);
        if (starts !== undefined) attempt.starts = starts;
        attempt.started = earlier(attempt.started, record);
        return;
      }
      case 'run_joined': {
        const attempt = this.#attempt(record.run_attempt);
        attempt.joined = earlier(attempt.joined, record);
        return;
      }
      case 'run_ended': {
        const attempt = this.#attempt(record.run_attempt);
        addEnd(attempt, record);
        return;
      }
      case 'stage_started': {
        const execution = this.#execution(record.execution_id);
        const starts = contradicting(execution.starts, execution.started, record);
        if (starts !== undefined) execution.starts = starts;
        execution.started = earlier(execution.started, record);
        return;
      }
      case 'stage_ended': {
        const execution = this.#execution(record.execution_id);
        addEnd(execution, record);
        return;
      }
      case 'job_started': {
        const job = this.#job(record);
        job.started = earlier(job.started, record);
        return;
      }
      case 'job_ended': {
        const job = this.#job(record);
        job.ended = later(job.ended, record);
        return;
      }
      case 'item_ended':
        this.#addItem(withoutStack(record));
        return;
      case 'output_recorded': {
        const key = `${record.execution_id ?? ''}\0${record.path}`;
        this.outputs.set(key, later(this.outputs.get(key), record));
        return;
      }
      case 'step_saved': {
        const key = `${record.step}\0${record.time}\0${canonicalText(record.metadata)}`;
        this.saved.set(key, later(this.saved.get(key), record));
        return;
      }
      case 'source_resolved':
        this.sources.set(record.named, later(this.sources.get(record.named), record));
        return;
      case 'hub_taken_in':
        this.foreignHubs.set(record.sha256, earlier(this.foreignHubs.get(record.sha256), record));
        return;
      case 'spoke_taken_in': {
        const key = `${record.step}\0${record.sha256}`;
        this.foreignSpokes.set(key, later(this.foreignSpokes.get(key), record));
      }
    }
  }

  #attempt(attempt: number): AttemptState {
    let state = this.attempts.get(attempt);
    if (state === undefined) {
      state = {};
      this.attempts.set(attempt, state);
    }
    return state;
  }

  #execution(executionId: string): ExecutionState {
    let state = this.executions.get(executionId);
    if (state === undefined) {
      state = { executionId, items: new Map() };
      this.executions.set(executionId, state);
    }
    return state;
  }

  #job(record: RecordOf<'job_started' | 'job_ended'>): JobTryState {
    const key = jobTryKey(record);
    let state = this.jobs.get(key);
    if (state === undefined) {
      state = {};
      this.jobs.set(key, state);
    }
    return state;
  }

  #addItem(record: RecordOf<'item_ended'>): void {
    const execution = this.#execution(record.execution_id);
    execution.firstItem = earlier(execution.firstItem, record);
    const { items } = execution;
    const item = items.get(record.item_id);
    if (item === undefined) {
      items.set(record.item_id, { firstTime: record.time, last: record });
      return;
    }
    item.firstTime = Math.min(item.firstTime, record.time);
    item.last = later(item.last, record);
  }

  #digests(path: string): Set<string> {
    let digests = this.written.get(path);
    if (digests === undefined) {
      digests = new Set();
      this.written.set(path, digests);
    }
    return digests;
  }
}

/** Folds the records of one run, in any order and with any repetition. */
export function foldRun(runId: string, records: Iterable<JournalRecord>): RunState {
  const fold = new RunFold(runId);
  for (const record of records) fold.add(record);
  return fold;
}
