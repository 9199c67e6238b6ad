import { type Attributes, type Context } from '@opentelemetry/api';
import {
  ATTR_ATTEMPT,
  ATTR_REASON,
  ATTR_RETRY_COUNT,
  ATTR_STAGE,
  ATTR_STAGE_OCCURRENCE,
  type EndStatus,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
} from '@milepost/semconv';
import { type StageDefinition } from './define-stage.ts';
import { randomExecutionId } from './execution-id.ts';
import { type Fields } from './field-bag.ts';
import { type Flags } from './flags.ts';
import { guarded, reportOnce } from './guard.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { judgeStage, reasonOf, willRetryAfter } from './judge-stage.ts';
import { type ItemCounts, hasLifecycleListeners, publishLifecycle } from './lifecycle.ts';
import { countVolume } from './named-series.ts';
import { nextOccurrence } from './next-occurrence.ts';
import { type Judges, type Outcome } from './outcome.ts';
import { positiveInteger } from './positive-integer.ts';
import { type RunningPlace, enterRunning, leaveRunning } from './running.ts';
import { type ScopeStage } from './scope-stage.ts';
import { type RunningScope, contextWithScope } from './scope.ts';
import { countStageEnd, countStageStart } from './stage-counts.ts';
import { checkStageFields } from './stage-fields.ts';
import { StageItems, itemAttributes } from './stage-items.ts';
import { StageNotes } from './stage-notes.ts';
import { type StageOptions } from './stage-options.ts';
import { type StageSeries, stageSeries } from './stage-series.ts';
import { type SignalledStage, StageSignals } from './stage-signals.ts';
import { type Stage } from './stage.ts';

/** All that decides how an execution of a stage begins. */
export interface StagePlan {
  readonly name: string;
  readonly definition: StageDefinition | undefined;
  readonly options: Omit<StageOptions, 'attributes'>;
  /** What `options.attributes` gave. */
  readonly attributes: unknown;
  readonly flags: Flags;
}

/** One going through a stage, from its begin to its end. Its functions never throw. */
export class StageExecution implements ScopeStage, SignalledStage {
  readonly run: RunIdentity;
  readonly name: string;
  readonly occurrence: number;
  readonly attempt: number;
  readonly series: StageSeries;
  readonly flags: Flags;
  readonly startTime: number = Date.now();
  readonly #plan: StagePlan;
  readonly #around: RunningScope;
  readonly #scopeAttributes: Attributes;
  readonly #signals: StageSignals;
  readonly #startedAt: number = performance.now();
  #notes: StageNotes | undefined;
  #items: StageItems | undefined;
  #executionId: string | undefined;
  /** Until it has ended. */
  #running: RunningPlace | undefined;

  constructor(plan: StagePlan, around: RunningScope, parent: Context) {
    const { options, name } = plan;
    const { run, runState } = around;
    this.#plan = plan;
    this.flags = plan.flags;
    this.#around = around;
    this.run = run;
    this.name = name;
    const attempt = positiveInteger(options.attempt);
    // What a job does anew when it is tried again is the next attempt, too.
    this.attempt = attempt ?? around.job?.attempt ?? 1;
    this.occurrence = nextOccurrence(runState.occurrences, name, attempt ?? 1);
    this.series = seriesOf(around, name);
    if (plan.attributes !== undefined) this.#noted.addAttributes(plan.attributes);
    if (options.config !== undefined) this.#noted.setConfig(options.config);
    this.#scopeAttributes = { ...around.attributes, [ATTR_STAGE]: name };
    const inStage = contextWithScope(parent, {
      run,
      stage: this,
      job: around.job,
      itemId: undefined,
      attributes: this.#scopeAttributes,
      runState,
      stageExecution: this,
    });
    this.#signals = new StageSignals(this, inStage);
    countStageStart(this.series, this.startTime, options.expectedIntervalSeconds);
    this.#publishStart();
    this.#running = enterRunning(this);
  }

  /** The context that the stage's function runs in. */
  get context(): Context {
    return this.#signals.context;
  }

  /** What attributes, `set` and, after a failure, `setErrorContext` said. */
  get fields(): Fields | undefined {
    return this.#notes?.fields;
  }

  get executionId(): string {
    return (this.#executionId ??= randomExecutionId());
  }

  get parentExecutionId(): string | undefined {
    return this.#around.stage?.executionId;
  }

  get job(): JobIdentity | undefined {
    return this.#around.job;
  }

  /** The items of this execution. */
  get items(): StageItems {
    return (this.#items ??= new StageItems(
      this.#plan.options.itemSpans ?? this.#around.runState.itemSpans,
    ));
  }

  /** Who says what the outcome of this execution is. */
  get judges(): Judges {
    const { classify, signal } = this.#plan.options;
    const { runState } = this.#around;
    return { classify, inherited: runState.classify, signal: signal ?? runState.signal };
  }

  get willRetry(): StageOptions['willRetry'] {
    return this.#plan.options.willRetry ?? this.#around.runState.job?.willRetry;
  }

  /** What its milestones and the user's log lines carry: a fresh object each time. */
  base(): Attributes {
    const base = { ...this.#scopeAttributes };
    base[ATTR_ATTEMPT] = this.attempt;
    base[ATTR_RETRY_COUNT] = this.attempt - 1;
    if (this.occurrence > 1) base[ATTR_STAGE_OCCURRENCE] = this.occurrence;
    return base;
  }

  // Getters, so that a user's function may take the calls apart: `({ count, set }) => ...`.

  get count(): Stage['count'] {
    return (name: string, amount?: number) =>
      this.#note((notes) => {
        const added = notes.count(name, amount);
        if (added) countVolume(this.series, added.name, added.amount);
      });
  }

  get set(): Stage['set'] {
    return (name: string, value: unknown) => this.#note((notes) => notes.set(name, value));
  }

  get setConfig(): Stage['setConfig'] {
    return (config: unknown) => this.#note((notes) => notes.setConfig(config));
  }

  get setMetadata(): Stage['setMetadata'] {
    return (key: string, value: unknown) => this.#note((notes) => notes.setMetadata(key, value));
  }

  get setErrorContext(): Stage['setErrorContext'] {
    return (fields: unknown) => this.#note((notes) => notes.setErrorContext(fields));
  }

  get skip(): Stage['skip'] {
    return (reason?: string) => this.#note((notes) => notes.skip(reason));
  }

  /** A consumed iterator or stream gave out one more value. */
  gave(): void {
    this.items.gave();
  }

  /** Ends the stage, once. */
  ended(outcome: Outcome): void {
    const place = this.#running;
    if (place === undefined) return;
    this.#running = undefined;
    leaveRunning(place);
    guarded('the end of a stage', () => this.#end(outcome), undefined);
  }

  get #noted(): StageNotes {
    return (this.#notes ??= new StageNotes(this.flags));
  }

  #note(take: (notes: StageNotes) => void): void {
    if (this.#running === undefined) {
      reportOnce(
        'late',
        `something was said about a stage (${this.name}) after its end, and dropped`,
      );
      return;
    }
    guarded('a note of a stage', () => take(this.#noted), undefined);
  }

  #end(outcome: Outcome): void {
    const notes = this.#notes;
    const durationSeconds = (performance.now() - this.#startedAt) / 1000;
    const counts = this.#items?.counts();
    const skipped = notes?.skipped !== undefined;
    const { status, error } = judgeStage(outcome, this.judges, skipped, this.#items, counts);
    const willRetry = status === STATUS_VALUE_FAILED && willRetryAfter(outcome, this.willRetry);
    const heldFailures = this.#items?.settle() ?? 0;
    if (!willRetry) this.series.items[STATUS_VALUE_FAILED].value += heldFailures;
    if (status === STATUS_VALUE_FAILED) notes?.useErrorContext();
    const { definition } = this.#plan;
    if (definition !== undefined) {
      checkStageFields(this.name, definition, this.#noted, status, this.flags);
    }
    this.#keepStatus(status);
    countStageEnd(this.series, status, willRetry, this.startTime, durationSeconds, error);
    const reason = reasonOf(status, outcome, notes);
    this.#signals.end({ status, durationSeconds, error, added: this.#endFields(counts, reason) });
    if (!hasLifecycleListeners()) return;
    publishLifecycle({
      type: 'stage_ended',
      time: this.startTime + durationSeconds * 1000,
      run: this.run,
      stage: this,
      flags: this.flags.list,
      status,
      willRetry,
      durationSeconds,
      error,
      reason,
      counts: notes?.counts ?? NOTHING,
      fields: notes?.fields ?? NOTHING,
      config: notes?.config,
      metadata: notes?.metadata ?? NOTHING,
      items: counts,
    });
  }

  // The last attempt of an occurrence decides about the run.
  #keepStatus(status: EndStatus): void {
    const { troubled } = this.#around.runState;
    if (status === STATUS_VALUE_FAILED || status === STATUS_VALUE_PARTIAL) {
      troubled.add(this.#key);
    } else if (troubled.size > 0) {
      troubled.delete(this.#key);
    }
  }

  // Each job counts occurrences for itself.
  get #key(): string {
    const { job } = this;
    const own = `${this.name}\0${this.occurrence}`;
    return job === undefined ? own : `${own}\0${job.queue}:${job.jobId}`;
  }

  #endFields(items: ItemCounts | undefined, reason: string | undefined): Attributes {
    const added: Attributes = { ...this.#notes?.counts };
    if (items !== undefined) Object.assign(added, itemAttributes(items));
    if (reason !== undefined) added[ATTR_REASON] = reason;
    return added;
  }

  #publishStart(): void {
    if (!hasLifecycleListeners()) return;
    const span = this.#signals.place;
    // That of the span, where there is one: whoever has the record can make up for a span that was never ended.
    this.#executionId ??= span?.spanId;
    publishLifecycle({
      type: 'stage_started',
      time: this.startTime,
      run: this.run,
      stage: this,
      flags: this.flags.list,
      fields: { ...this.#notes?.fields },
      span,
    });
  }
}

const NOTHING = Object.freeze({});

function seriesOf(around: RunningScope, name: string): StageSeries {
  const { run, runState } = around;
  let series = runState.series.get(name);
  if (series === undefined) {
    series = stageSeries(run.pipeline, name, run.subdomain);
    runState.series.set(name, series);
  }
  return series;
}
