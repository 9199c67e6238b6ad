import {
  type Attributes,
  type Context,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_ATTEMPT,
  ATTR_ERROR_TYPE,
  ATTR_FLAGS,
  ATTR_PIPELINE_UNIT,
  ATTR_REASON,
  ATTR_RETRY_COUNT,
  ATTR_STAGE,
  ATTR_STAGE_OCCURRENCE,
  ATTR_START_TIME,
  ATTR_STATUS,
  ERROR_TYPE_VALUE_FAILED_RESULT,
  type EndStatus,
  type Flag,
  LEVEL_VALUE_INFO,
  PIPELINE_UNIT_VALUE_STAGE,
  STATUS_VALUE_CANCELLED,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
  STATUS_VALUE_SKIPPED,
  STATUS_VALUE_STARTED,
  stageEndedEvent,
  stageStartedEvent,
} from '@milepost/semconv';
import { type StageDefinition } from './define-stage.ts';
import { type ErrorDescription, describeError } from './describe-error.ts';
import { endAttributes, flagsAttribute, levelOf } from './end-attributes.ts';
import { randomExecutionId } from './execution-id.ts';
import { checkFields } from './fields-schema.ts';
import { boundFields } from './fields.ts';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity, type StageIdentity } from './identity.ts';
import { durationInstruments } from './instruments.ts';
import { hasLifecycleListeners, publishLifecycle } from './lifecycle.ts';
import { emitLog } from './milestone.ts';
import { type Outcome, classifyOutcome } from './outcome.ts';
import { currentTracer } from './providers.ts';
import { type RunningScope, contextOfOwnSpan, contextWithScope } from './scope.ts';
import { StageItems, itemAttributes } from './stage-items.ts';
import { StageNotes } from './stage-notes.ts';
import { type StageOptions } from './stage-options.ts';
import { type StageSeries, countError, countVolume, stageSeries } from './stage-series.ts';
import { type Stage } from './stage.ts';

/** All that decides how an execution of a stage begins. */
export interface StagePlan {
  readonly name: string;
  readonly definition: StageDefinition | undefined;
  readonly options: Omit<StageOptions, 'attributes'>;
  /** What `options.attributes` gave. */
  readonly attributes: unknown;
  readonly flags: Set<Flag>;
}

/** One going through a stage, from its begin to its end. Its functions never throw. */
export class StageExecution implements Stage, StageIdentity {
  readonly run: RunIdentity;
  readonly name: string;
  readonly occurrence: number;
  readonly attempt: number;
  readonly parentExecutionId: string | undefined;
  /** The context that the stage's function runs in. */
  readonly context: Context;
  /** What its milestones and the user's log lines carry. */
  readonly base: Attributes;
  readonly items: StageItems;
  readonly series: StageSeries;
  readonly #plan: StagePlan;
  readonly #around: RunningScope;
  readonly #notes: StageNotes;
  readonly #span: Span | undefined;
  readonly #startTime: number = Date.now();
  readonly #startedAt: number = performance.now();
  #executionId: string | undefined;
  #ended = false;

  constructor(plan: StagePlan, around: RunningScope, parent: Context) {
    const { options, name } = plan;
    const { run, runState } = around;
    this.#plan = plan;
    this.#around = around;
    this.run = run;
    this.name = name;
    this.attempt = positiveInteger(options.attempt) ?? 1;
    this.occurrence = nextOccurrence(runState.occurrences, name, this.attempt);
    this.parentExecutionId = around.stage?.executionId;
    this.items = new StageItems(options.itemSpans ?? runState.itemSpans);
    this.series = stageSeries(run.pipeline, name, run.subdomain);
    this.#notes = new StageNotes(plan.flags);
    this.#notes.addAttributes(plan.attributes);
    if (options.config !== undefined) this.setConfig(options.config);
    const attributes = { ...around.attributes, [ATTR_STAGE]: name };
    this.base = {
      ...attributes,
      [ATTR_ATTEMPT]: this.attempt,
      [ATTR_RETRY_COUNT]: this.attempt - 1,
      ...(this.occurrence > 1 && { [ATTR_STAGE_OCCURRENCE]: this.occurrence }),
    };
    const inStage = contextWithScope(parent, {
      run,
      stage: this,
      job: around.job,
      itemId: undefined,
      attributes,
      runState,
      stageExecution: this,
    });
    this.#span = currentTracer()?.startSpan(
      name,
      { attributes: this.#spanAttributes() },
      contextOfOwnSpan(inStage),
    );
    this.context = this.#span === undefined ? inStage : trace.setSpan(inStage, this.#span);
    this.#countStart();
    this.#logStart();
    this.#publishStart();
  }

  get executionId(): string {
    return (this.#executionId ??= randomExecutionId());
  }

  // Getters, so that a user's function may take the calls apart: `({ count, set }) => ...`.

  get count(): Stage['count'] {
    return (name: string, amount?: number) =>
      this.#note(() => {
        const added = this.#notes.count(name, amount);
        if (added) countVolume(this.series, added.name, added.amount);
      });
  }

  get set(): Stage['set'] {
    return (name: string, value: unknown) => this.#note(() => this.#notes.set(name, value));
  }

  get setConfig(): Stage['setConfig'] {
    return (config: unknown) => this.#note(() => this.#notes.setConfig(config));
  }

  get setMetadata(): Stage['setMetadata'] {
    return (key: string, value: unknown) => this.#note(() => this.#notes.setMetadata(key, value));
  }

  get setErrorContext(): Stage['setErrorContext'] {
    return (fields: unknown) => this.#note(() => this.#notes.setErrorContext(fields));
  }

  get skip(): Stage['skip'] {
    return (reason?: string) =>
      this.#note(() => {
        this.#notes.skipped = { reason: reason === undefined ? undefined : String(reason) };
      });
  }

  /** A consumed iterator or stream gave out one more value. */
  gave(): void {
    this.items.gave();
  }

  /** Ends the stage, once. */
  ended(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    guarded('the end of a stage', () => this.#end(outcome), undefined);
  }

  #note(take: () => void): void {
    if (this.#ended) {
      reportOnce(
        `late ${this.name}`,
        `something was said about the stage ${this.name} after its end, and dropped`,
      );
      return;
    }
    guarded('a note of a stage', take, undefined);
  }

  #end(outcome: Outcome): void {
    const { options, flags } = this.#plan;
    const durationSeconds = (performance.now() - this.#startedAt) / 1000;
    const items = this.items.counts();
    const { status, error } = this.#judge(outcome, items);
    const willRetry = status === STATUS_VALUE_FAILED && this.#willRetry(options.willRetry, outcome);
    const reason = outcome.kind === 'abandoned' ? outcome.reason : this.#notes.skipped?.reason;
    if (status === STATUS_VALUE_FAILED) Object.assign(this.#notes.fields, this.#notes.errorContext);
    this.#checkFields(status);
    boundFields(this.#notes.fields, flags);
    this.#around.runState.stageStatuses.set(`${this.name}\0${this.occurrence}`, status);
    this.#countEnd(status, willRetry, durationSeconds, error);
    const counted = this.#endFields(items, reason);
    const event = stageEndedEvent(this.name, status);
    emitLog(levelOf(status), event, event, this.context, () => ({
      ...this.base,
      ...this.#notes.fields,
      ...counted,
      ...endAttributes(status, this.#startTime, durationSeconds, error, flags),
    }));
    this.#endSpan(status, error, counted);
    if (!hasLifecycleListeners()) return;
    publishLifecycle({
      type: 'stage_ended',
      time: this.#startTime + durationSeconds * 1000,
      run: this.run,
      stage: this,
      flags: [...flags],
      status,
      willRetry,
      durationSeconds,
      error,
      reason:
        status === STATUS_VALUE_CANCELLED || status === STATUS_VALUE_SKIPPED ? reason : undefined,
      counts: this.#notes.counts,
      fields: this.#notes.fields,
      config: this.#notes.config,
      metadata: this.#notes.metadata,
      items,
    });
  }

  #judge(
    outcome: Outcome,
    items: ReturnType<StageItems['counts']>,
  ): { readonly status: EndStatus; readonly error: ErrorDescription | undefined } {
    const { classify, signal } = this.#plan.options;
    const { status, category } = classifyOutcome(outcome, classify, signal);
    if (status === STATUS_VALUE_FAILED) {
      return {
        status,
        error:
          outcome.kind === 'threw'
            ? describeError(outcome.error, category)
            : failedResult(category),
      };
    }
    if (status !== undefined) return { status, error: undefined };
    if (this.#notes.skipped) return { status: STATUS_VALUE_SKIPPED, error: undefined };
    if (items === undefined || items.failed === 0)
      return { status: STATUS_VALUE_COMPLETED, error: undefined };
    return items.failed === items.total
      ? { status: STATUS_VALUE_FAILED, error: this.items.allFailedError(items.total) }
      : { status: STATUS_VALUE_PARTIAL, error: undefined };
  }

  #willRetry(willRetry: StageOptions['willRetry'], outcome: Outcome): boolean {
    if (typeof willRetry !== 'function') return willRetry === true;
    if (outcome.kind !== 'threw') return false;
    return guarded(
      'the willRetry function of a stage',
      () => willRetry(outcome.error) === true,
      false,
    );
  }

  #checkFields(status: EndStatus): void {
    const { definition, flags } = this.#plan;
    if (definition === undefined) return;
    const { fields, counts, config, errorContext } = this.#notes;
    checkFields(`config of ${this.name}`, definition.config, config ?? {}, flags);
    if (status === STATUS_VALUE_FAILED) {
      checkFields(`error of ${this.name}`, definition.error, errorContext, flags);
    } else if (status === STATUS_VALUE_COMPLETED || status === STATUS_VALUE_PARTIAL) {
      checkFields(`success of ${this.name}`, definition.success, { ...fields, ...counts }, flags);
    }
  }

  #countStart(): void {
    const { series } = this;
    const { expectedIntervalSeconds } = this.#plan.options;
    durationInstruments();
    series.active += 1;
    series.lastStart = this.#startTime / 1000;
    if (expectedIntervalSeconds !== undefined) series.expectedInterval = expectedIntervalSeconds;
  }

  #countEnd(
    status: EndStatus,
    willRetry: boolean,
    durationSeconds: number,
    error: ErrorDescription | undefined,
  ): void {
    const { series } = this;
    const endTime = this.#startTime / 1000 + durationSeconds;
    const count = series.runs[status];
    series.active -= 1;
    durationInstruments().stageDuration.record(durationSeconds, count.attributes);
    if (error) countError(series, error.type, error.category);
    if (willRetry) return;
    count.value += 1;
    if (status === STATUS_VALUE_COMPLETED || status === STATUS_VALUE_PARTIAL)
      series.lastSuccess = endTime;
    else if (status === STATUS_VALUE_FAILED) series.lastFailure = endTime;
  }

  #endFields(items: ReturnType<StageItems['counts']>, reason: string | undefined): Attributes {
    return {
      ...this.#notes.counts,
      ...(items && itemAttributes(items)),
      ...(reason !== undefined && { [ATTR_REASON]: reason }),
    };
  }

  #spanAttributes(): Attributes {
    return {
      ...this.base,
      [ATTR_PIPELINE_UNIT]: PIPELINE_UNIT_VALUE_STAGE,
      ...this.#notes.fields,
    };
  }

  #endSpan(status: EndStatus, error: ErrorDescription | undefined, counted: Attributes): void {
    const span = this.#span;
    if (span === undefined) return;
    if (span.isRecording()) {
      span.setAttributes({ ...this.#notes.fields, ...counted });
      span.setAttribute(ATTR_STATUS, status);
      if (this.#plan.flags.size > 0) span.setAttribute(ATTR_FLAGS, [...this.#plan.flags]);
      if (error) {
        span.setAttribute(ATTR_ERROR_TYPE, error.type);
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      }
    }
    span.end();
  }

  #logStart(): void {
    const event = stageStartedEvent(this.name);
    emitLog(LEVEL_VALUE_INFO, event, event, this.context, () => ({
      ...this.base,
      ...this.#notes.fields,
      ...flagsAttribute(this.#plan.flags),
      [ATTR_STATUS]: STATUS_VALUE_STARTED,
      [ATTR_START_TIME]: new Date(this.#startTime).toISOString(),
    }));
  }

  #publishStart(): void {
    if (!hasLifecycleListeners()) return;
    publishLifecycle({
      type: 'stage_started',
      time: this.#startTime,
      run: this.run,
      stage: this,
      flags: [...this.#plan.flags],
      fields: { ...this.#notes.fields },
    });
  }
}

function failedResult(category: string | undefined): ErrorDescription {
  return {
    type: ERROR_TYPE_VALUE_FAILED_RESULT,
    message: 'the result counts as a failure',
    category: category ?? ERROR_TYPE_VALUE_FAILED_RESULT,
    stack: undefined,
  };
}

function nextOccurrence(occurrences: Map<string, number>, name: string, attempt: number): number {
  const last = occurrences.get(name);
  // A retry is of the occurrence before; the first one seen here may be a retry of another process's.
  if (attempt > 1 && last !== undefined) return last;
  const next = (last ?? 0) + 1;
  occurrences.set(name, next);
  return next;
}

function positiveInteger(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
