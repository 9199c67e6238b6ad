import { type Attributes, type Context, type SpanContext } from '@opentelemetry/api';
import {
  ATTR_REASON,
  ATTR_STAGE_OCCURRENCE,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
} from '@milepost/semconv';
import { type EnvelopeStage } from './envelope.ts';
import { type Fields } from './field-bag.ts';
import { type Flags } from './flags.ts';
import { guarded, reportOnce } from './guard.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { jobScopeAttributes } from './job-attributes.ts';
import { countJobEnd, countJobStart } from './job-counts.ts';
import { type JobOptions } from './job-options.ts';
import { type JobSeries, jobSeries } from './job-series.ts';
import { JobSignals, type JobSpanPlace, type SignalledJob } from './job-signals.ts';
import { type Job } from './job.ts';
import { judgeStage, willRetryAfter } from './judge-stage.ts';
import { hasLifecycleListeners, publishLifecycle } from './lifecycle.ts';
import { countError, countVolume } from './named-series.ts';
import { type Judges, type Outcome } from './outcome.ts';
import { type EntryExecution } from './run-in-execution.ts';
import { type RunMemory } from './run-memory.ts';
import { type RunState } from './run-state.ts';
import { type RunningPlace, enterRunning, leaveRunning } from './running.ts';
import { type ScopeJob, contextWithScope } from './scope.ts';
import { isSpread } from './spread-stage.ts';
import { checkEndFields } from './stage-fields.ts';
import { StageItems, itemAttributes } from './stage-items.ts';
import { StageNotes } from './stage-notes.ts';
import { type StageOptions } from './stage-options.ts';
import { type StageSeries, stageSeries } from './stage-series.ts';
import { type SharingJob, StageShare } from './stage-share.ts';

/** All that decides how a try of a job begins. */
export interface JobPlan {
  readonly run: RunIdentity;
  readonly identity: JobIdentity;
  /** The stage that it runs, or is a part of. */
  readonly stage: EnvelopeStage | undefined;
  readonly runState: RunState;
  readonly memory: RunMemory;
  readonly place: JobSpanPlace;
  readonly waitSeconds: number | undefined;
  readonly options: Partial<JobOptions>;
  readonly flags: Flags;
}

/** One try of a job, from its begin to its end. Its functions never throw. */
export class JobExecution implements Job, EntryExecution<Job>, SignalledJob, SharingJob, ScopeJob {
  readonly run: RunIdentity;
  readonly identity: JobIdentity;
  readonly flags: Flags;
  readonly startTime: number = Date.now();
  readonly items: StageItems;
  readonly willRetry: StageOptions['willRetry'];
  /** Whether it has ended, and its queue is going to run it again. */
  runsAgain: boolean = false;
  readonly #plan: JobPlan;
  readonly #notes: StageNotes;
  readonly #scopeAttributes: Attributes;
  readonly #series: JobSeries;
  readonly #share: StageShare | undefined;
  readonly #stageSeries: StageSeries | undefined;
  readonly #signals: JobSignals;
  readonly #startedAt: number = performance.now();
  readonly #deferred: (() => void)[] = [];
  /** Until it has ended. */
  #running: RunningPlace | undefined;

  /** @param around the context that it begins in */
  constructor(plan: JobPlan, around: Context) {
    const { run, identity, stage, runState, options } = plan;
    this.#plan = plan;
    this.run = run;
    this.identity = identity;
    this.flags = plan.flags;
    this.willRetry = options.willRetry;
    this.#notes = new StageNotes(plan.flags);
    this.#notes.addAttributes(options.attributes);
    this.items = new StageItems(runState.itemSpans);
    this.#scopeAttributes = jobScopeAttributes(run, identity, stage);
    if (isSpread(stage)) {
      this.#stageSeries = stageSeries(run.pipeline, stage.name, run.subdomain);
      this.#share = new StageShare(stage, this, this.#stageSeries);
    }
    runState.job = this;
    const inJob = contextWithScope(around, {
      run,
      stage: this.#share,
      job: identity,
      itemId: undefined,
      attributes: this.#scopeAttributes,
      runState,
      stageExecution: this.#share,
    });
    this.#series = jobSeries(run, identity, stage?.name);
    countJobStart(this.#series);
    this.#signals = new JobSignals(this, plan.place, inJob);
    this.#publishStart();
    this.#running = enterRunning(this);
  }

  get handle(): Job {
    return this;
  }

  get runId(): string {
    return this.run.runId;
  }

  get stage(): EnvelopeStage | undefined {
    return this.#plan.stage;
  }

  get jobId(): string {
    return this.identity.jobId;
  }

  get parentJobId(): string | undefined {
    return this.identity.parentJobId;
  }

  get name(): string {
    return this.identity.name;
  }

  get queue(): string {
    return this.identity.queue;
  }

  get attempt(): number {
    return this.identity.attempt;
  }

  get context(): Context {
    return this.#signals.context;
  }

  get spanContext(): SpanContext {
    return this.#signals.spanContext;
  }

  get fields(): Fields {
    return this.#notes.fields;
  }

  get judges(): Judges {
    const { classify, signal } = this.#plan.options;
    return { classify, inherited: this.#plan.runState.classify, signal };
  }

  /** What its log lines and those of the user carry: a fresh object each time. */
  base(): Attributes {
    const base = { ...this.#scopeAttributes };
    const { stage } = this;
    if (stage !== undefined && stage.occurrence > 1) base[ATTR_STAGE_OCCURRENCE] = stage.occurrence;
    return base;
  }

  // Getters, so that a user's function may take the calls apart: `({ count, set }) => ...`.

  get count(): Job['count'] {
    return (name, amount) =>
      this.note((notes) => {
        const added = notes.count(name, amount);
        if (added && this.#stageSeries) countVolume(this.#stageSeries, added.name, added.amount);
      });
  }

  get set(): Job['set'] {
    return (name, value) => this.note((notes) => notes.set(name, value));
  }

  get setErrorContext(): Job['setErrorContext'] {
    return (fields) => this.note((notes) => notes.setErrorContext(fields));
  }

  get skip(): Job['skip'] {
    return (reason) => this.note((notes) => notes.skip(reason));
  }

  note(take: (notes: StageNotes) => void): void {
    if (this.#running === undefined) {
      reportOnce(
        'late',
        `something was said about a job (${this.name}) after its end, and dropped`,
      );
      return;
    }
    guarded('a note of a job', () => take(this.#notes), undefined);
  }

  /** Does something after the end of the job; at once where it has ended. */
  defer(end: () => void): void {
    if (this.#running === undefined) end();
    else this.#deferred.push(end);
  }

  /** Ends the job, once, and then what was ended in it: not where it runs again, for then a later try ends that. */
  ended(outcome: Outcome): void {
    const place = this.#running;
    if (place === undefined) return;
    this.#running = undefined;
    leaveRunning(place);
    guarded('the end of a job', () => this.#end(outcome), undefined);
    if (this.runsAgain) return;
    for (const end of this.#deferred) guarded('an end in a job', end, undefined);
  }

  #end(outcome: Outcome): void {
    const notes = this.#notes;
    const durationSeconds = (performance.now() - this.#startedAt) / 1000;
    const counts = this.items.counts();
    const skipped = notes.skipped !== undefined;
    const verdict = judgeStage(outcome, this.judges, skipped, this.items, counts);
    const { status, error } = verdict;
    if (status === STATUS_VALUE_FAILED) notes.useErrorContext();
    const { definition } = this.#plan.options;
    if (definition) checkEndFields(definition.name, definition, notes, status, this.flags);
    this.runsAgain = this.#willRetry(outcome);
    this.#remember(
      (status === STATUS_VALUE_FAILED && !this.runsAgain) || status === STATUS_VALUE_PARTIAL,
    );
    const { waitSeconds } = this.#plan;
    countJobEnd(this.#series, { status, willRetry: this.runsAgain, durationSeconds, waitSeconds });
    const heldFailures = this.items.settle();
    if (this.#stageSeries) {
      if (error) countError(this.#stageSeries, error.type, error.category);
      if (!this.runsAgain) this.#stageSeries.items[STATUS_VALUE_FAILED].value += heldFailures;
    }
    const reason = outcome.kind === 'abandoned' ? outcome.reason : notes.skipped?.reason;
    const added: Attributes = { ...notes.counts };
    if (counts !== undefined) Object.assign(added, itemAttributes(counts));
    if (reason !== undefined) added[ATTR_REASON] = reason;
    this.#signals.end({ status, durationSeconds, error, added });
    if (!hasLifecycleListeners()) return;
    publishLifecycle({
      type: 'job_ended',
      time: this.startTime + durationSeconds * 1000,
      run: this.run,
      flags: this.flags.list,
      job: this.identity,
      stage: this.#share,
      stageName: this.stage?.name,
      status,
      willRetry: this.runsAgain,
      durationSeconds,
      error,
      reason,
      counts: notes.counts,
      fields: notes.fields,
      config: notes.config,
      metadata: notes.metadata,
      items: counts,
    });
  }

  // A queue tries again what throws, whatever is thought of it; and what the process ends around, it gives to another.
  #willRetry(outcome: Outcome): boolean {
    if (outcome.kind === 'returned') return false;
    return outcome.kind === 'threw' ? willRetryAfter(outcome, this.willRetry) : true;
  }

  // Whoever ends the stage, or the run, says what a failed job of it means: by default, that it is partial.
  #remember(failed: boolean): void {
    const key = `${this.queue}:${this.jobId}`;
    if (this.#share === undefined) {
      const { troubled } = this.#plan.runState;
      if (failed) troubled.add(key);
      else if (troubled.size > 0) troubled.delete(key);
      return;
    }
    const { failedJobs } = this.#plan.memory;
    const { executionId } = this.#share;
    const known = failedJobs.get(executionId);
    if (!failed) known?.delete(key);
    else if (known === undefined) failedJobs.set(executionId, new Set([key]));
    else known.add(key);
  }

  #publishStart(): void {
    if (!hasLifecycleListeners()) return;
    publishLifecycle({
      type: 'job_started',
      time: this.startTime,
      run: this.run,
      flags: this.flags.list,
      job: this.identity,
      stage: this.#share,
      stageName: this.stage?.name,
      traceId: this.spanContext.traceId,
      waitSeconds: this.#plan.waitSeconds,
      fields: { ...this.fields },
    });
  }
}
