import {
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_ATTEMPT,
  ATTR_CLIENT_ID,
  ATTR_ERROR_TYPE,
  ATTR_IMPLICIT,
  ATTR_PARENT_RUN_ID,
  ATTR_PIPELINE,
  ATTR_PIPELINE_UNIT,
  ATTR_REASON,
  ATTR_RETRY_COUNT,
  ATTR_RUN_ID,
  ATTR_STATUS,
  ATTR_SUBDOMAIN,
  type EndStatus,
  EVENT_RUN_STARTED,
  LEVEL_VALUE_INFO,
  PIPELINE_UNIT_VALUE_RUN,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
  STATUS_VALUE_SKIPPED,
  runEndedEvent,
} from '@milepost/semconv';
import { addEndAttributes, addFlags, addStartAttributes, levelOf } from './end-attributes.ts';
import { FieldBag, type Fields } from './field-bag.ts';
import { type Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { durationInstruments } from './instruments.ts';
import { describeOutcome } from './judge-stage.ts';
import { type RunEndedEvent, hasLifecycleListeners, publishLifecycle } from './lifecycle.ts';
import { emitLog } from './milestone.ts';
import { type Classifier, type Outcome, classifyOutcome } from './outcome.ts';
import { currentLogger } from './providers.ts';
import { type ItemSpans } from './run-options.ts';
import { joinedContext, rootSpanContext, startRunSpan } from './run-span.ts';
import { type RunningPlace, enterRunning, leaveRunning } from './running.ts';
import {
  type RunState,
  type RunningScope,
  activeContext,
  contextWithScope,
  newRunState,
} from './scope.ts';
import { placeOfSpan } from './span-place.ts';
import { type RunSeries, runSeries } from './stage-series.ts';

/** All that decides how a run begins. */
export interface RunPlan {
  readonly identity: RunIdentity;
  readonly flags: Flags;
  readonly attributes: Readonly<Record<string, unknown>> | undefined;
  readonly itemSpans: ItemSpans;
  readonly classify: Classifier | undefined;
  readonly signal: AbortSignal | undefined;
  /** Where the spans of a joined run hang. */
  readonly parent: SpanContext | undefined;
}

/** How a run ended. */
type RunEnding = Pick<RunEndedEvent, 'status' | 'durationSeconds' | 'error' | 'reason'>;

/** One run as it goes on in this process. Its functions never throw. */
export class RunExecution {
  readonly identity: RunIdentity;
  /** The context that the user's function runs in. */
  readonly context: Context;
  readonly #plan: RunPlan;
  readonly #state: RunState;
  readonly #span: Span | undefined;
  readonly #series: RunSeries | undefined;
  readonly #fields: Fields;
  readonly #base: Attributes;
  readonly #startTime: number;
  readonly #startedAt: number = performance.now();
  /** Until it has ended. */
  #running: RunningPlace | undefined;

  constructor(plan: RunPlan) {
    const { identity } = plan;
    this.#plan = plan;
    this.identity = identity;
    this.#startTime = identity.joined ? Date.now() : identity.startTime;
    this.#state = newRunState({
      itemSpans: plan.itemSpans,
      // A run that a stage made for itself ends as the stage says; that says nothing about the stage's items.
      classify: identity.implicit ? undefined : plan.classify,
      signal: plan.signal,
    });
    const given = new FieldBag(plan.flags);
    given.addAll(plan.attributes);
    this.#fields = given.values;
    const attributes = scopeAttributes(identity);
    this.#base = {
      ...attributes,
      [ATTR_ATTEMPT]: identity.attempt,
      [ATTR_RETRY_COUNT]: identity.attempt - 1,
      ...(identity.parentRunId !== undefined && { [ATTR_PARENT_RUN_ID]: identity.parentRunId }),
      ...(identity.implicit && { [ATTR_IMPLICIT]: true }),
    };
    const scope: RunningScope = {
      run: identity,
      stage: undefined,
      job: undefined,
      itemId: undefined,
      attributes,
      runState: this.#state,
      stageExecution: undefined,
    };
    const around = activeContext();
    const inRun = contextWithScope(around, scope);
    if (identity.joined) {
      this.context = joinedContext(inRun, plan.parent);
    } else {
      this.#series = runSeries(identity.pipeline, identity.subdomain);
      // The counters of the run are exported from 0 on.
      durationInstruments();
      const span = startRunSpan(identity, around, inRun, this.#spanAttributes());
      this.#span = span;
      this.context =
        span === undefined
          ? // An SDK that is registered within the run still finds its trace.
            trace.setSpanContext(inRun, rootSpanContext(identity))
          : trace.setSpan(inRun, span);
      this.#logStart();
    }
    this.#publishStart();
    this.#running = enterRunning(this);
  }

  /** Ends the run, once. */
  ended(outcome: Outcome): void {
    const place = this.#running;
    if (place === undefined) return;
    this.#running = undefined;
    leaveRunning(place);
    guarded('the end of a run', () => this.#end(outcome), undefined);
  }

  #end(outcome: Outcome): void {
    const { identity } = this;
    const { classify, signal, flags } = this.#plan;
    if (identity.joined) return;
    const { status: decided, category } = classifyOutcome(outcome, {
      classify,
      inherited: undefined,
      signal,
    });
    const status = runStatus(decided, this.#state);
    const durationSeconds = (performance.now() - this.#startedAt) / 1000;
    const error = status === STATUS_VALUE_FAILED ? describeOutcome(outcome, category) : undefined;
    if (this.#series) {
      const count = this.#series.runs[status];
      count.value += 1;
      durationInstruments().runDuration.record(durationSeconds, count.attributes);
    }
    const reason = outcome.kind === 'abandoned' ? outcome.reason : undefined;
    const ending = { status, durationSeconds, error, reason };
    this.#logEnd(ending);
    guarded('the end of the span of a run', () => this.#endSpan(ending), undefined);
    if (!hasLifecycleListeners()) return;
    publishLifecycle({
      type: 'run_ended',
      time: this.#startTime + durationSeconds * 1000,
      run: identity,
      flags: flags.list,
      ...ending,
    });
  }

  #spanAttributes(): Attributes {
    const attributes: Attributes = {
      ...this.#base,
      [ATTR_PIPELINE_UNIT]: PIPELINE_UNIT_VALUE_RUN,
      ...this.#fields,
    };
    addFlags(attributes, this.#plan.flags);
    return attributes;
  }

  #endSpan({ status, error, reason }: RunEnding): void {
    const span = this.#span;
    if (span === undefined) return;
    span.setAttribute(ATTR_STATUS, status);
    if (reason !== undefined) span.setAttribute(ATTR_REASON, reason);
    if (status === STATUS_VALUE_FAILED) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error?.message ?? '' });
      if (error) span.setAttribute(ATTR_ERROR_TYPE, error.type);
    }
    span.end();
  }

  #logStart(): void {
    const logger = currentLogger();
    if (logger === undefined) return;
    const attributes = { ...this.#base, ...this.#fields };
    addStartAttributes(attributes, this.#startTime, this.#plan.flags);
    emitLog(
      logger,
      LEVEL_VALUE_INFO,
      EVENT_RUN_STARTED,
      EVENT_RUN_STARTED,
      this.context,
      attributes,
    );
  }

  #logEnd({ status, durationSeconds, error, reason }: RunEnding): void {
    const logger = currentLogger();
    if (logger === undefined) return;
    const event = runEndedEvent(status);
    const attributes: Attributes = { ...this.#base, ...this.#fields };
    if (reason !== undefined) attributes[ATTR_REASON] = reason;
    addEndAttributes(attributes, status, this.#startTime, durationSeconds, error, this.#plan.flags);
    emitLog(logger, levelOf(status), event, event, this.context, attributes);
  }

  #publishStart(): void {
    if (!hasLifecycleListeners()) return;
    publishLifecycle({
      type: 'run_started',
      time: this.#startTime,
      run: this.identity,
      flags: this.#plan.flags.list,
      fields: this.#fields,
      span: this.#span && placeOfSpan(this.#span, undefined),
    });
  }
}

function scopeAttributes(run: RunIdentity): Attributes {
  return {
    [ATTR_RUN_ID]: run.runId,
    [ATTR_PIPELINE]: run.pipeline,
    ...(run.subdomain !== undefined && { [ATTR_SUBDOMAIN]: run.subdomain }),
    ...(run.clientId !== undefined && { [ATTR_CLIENT_ID]: run.clientId }),
  };
}

function runStatus(decided: EndStatus | undefined, state: RunState): RunEnding['status'] {
  if (decided !== undefined)
    return decided === STATUS_VALUE_SKIPPED ? STATUS_VALUE_COMPLETED : decided;
  if (state.troubled.size > 0) return STATUS_VALUE_PARTIAL;
  return STATUS_VALUE_COMPLETED;
}
