import { type Context, type Span, type SpanContext, trace } from '@opentelemetry/api';
import {
  type EndStatus,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
  STATUS_VALUE_SKIPPED,
} from '@milepost/semconv';
import { FieldBag, type Fields } from './field-bag.ts';
import { type Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { durationInstruments } from './instruments.ts';
import { joinedScopeAttributes } from './job-attributes.ts';
import { describeOutcome } from './judge-stage.ts';
import { type Classifier, type Outcome, classifyOutcome } from './outcome.ts';
import { type JoinedByEnvelope } from './read-envelope.ts';
import { type EntryExecution } from './run-in-execution.ts';
import { type ItemSpans } from './run-options.ts';
import {
  type RunEnding,
  type SignalledRun,
  logRunStart,
  publishRunStart,
  runSpanAttributes,
  signalRunEnd,
} from './run-signals.ts';
import { joinedContext, rootSpanContext, startRunSpan } from './run-span.ts';
import { type RunState, newRunState } from './run-state.ts';
import { type RunningPlace, enterRunning, leaveRunning } from './running.ts';
import { type RunningScope, activeContext, contextWithScope } from './scope.ts';
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
  /** What handed a joined run over, where it came in an envelope. */
  readonly envelope?: Pick<JoinedByEnvelope, 'carried' | 'stage' | 'job'> | undefined;
}

/** One run as it goes on in this process. Its functions never throw. */
export class RunExecution implements SignalledRun, EntryExecution<RunIdentity> {
  readonly identity: RunIdentity;
  /** The context that the user's function runs in. */
  readonly context: Context;
  readonly fields: Fields;
  readonly flags: Flags;
  readonly startTime: number;
  readonly #plan: RunPlan;
  readonly #state: RunState;
  readonly #span: Span | undefined;
  readonly #series: RunSeries | undefined;
  readonly #startedAt: number = performance.now();
  /** Until it has ended. */
  #running: RunningPlace | undefined;

  constructor(plan: RunPlan) {
    const { identity, flags } = plan;
    this.#plan = plan;
    this.identity = identity;
    this.flags = flags;
    this.startTime = identity.joined ? Date.now() : identity.startTime;
    this.#state = newRunState({
      itemSpans: plan.itemSpans,
      // A run that a stage made for itself ends as the stage says; that says nothing about the stage's items.
      classify: identity.implicit ? undefined : plan.classify,
      signal: plan.signal,
      carried: plan.envelope?.carried,
    });
    const given = new FieldBag(flags);
    given.addAll(plan.attributes);
    this.fields = given.values;
    const scope: RunningScope = {
      run: identity,
      stage: undefined,
      job: plan.envelope?.job,
      itemId: undefined,
      attributes: joinedScopeAttributes(identity, plan.envelope),
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
      const span = startRunSpan(identity, inRun, runSpanAttributes(this), { around });
      this.#span = span;
      this.context =
        span === undefined
          ? // An SDK that is registered within the run still finds its trace.
            trace.setSpanContext(inRun, rootSpanContext(identity))
          : trace.setSpan(inRun, span);
      logRunStart(this, this.context);
    }
    publishRunStart(this, this.#span && placeOfSpan(this.#span, undefined));
    this.#running = enterRunning(this);
  }

  get handle(): RunIdentity {
    return this.identity;
  }

  get runId(): string {
    return this.identity.runId;
  }

  /**
   * Ends the run, once.
   * @param willRetry there will be another attempt of it: this end is no outcome, and not counted
   */
  ended(outcome: Outcome, willRetry: boolean = false): void {
    const place = this.#running;
    if (place === undefined) return;
    this.#running = undefined;
    leaveRunning(place);
    guarded('the end of a run', () => this.#end(outcome, willRetry), undefined);
  }

  #end(outcome: Outcome, willRetry: boolean): void {
    const { classify, signal } = this.#plan;
    if (this.identity.joined) return;
    const { status: decided, category } = classifyOutcome(outcome, {
      classify,
      inherited: undefined,
      signal,
    });
    const status = this.#state.ending?.status ?? runStatus(decided, this.#state);
    const durationSeconds = (performance.now() - this.#startedAt) / 1000;
    const error = status === STATUS_VALUE_FAILED ? describeOutcome(outcome, category) : undefined;
    const reason = outcome.kind === 'abandoned' ? outcome.reason : undefined;
    const ending = { status, durationSeconds, error, reason };
    const series = willRetry ? undefined : this.#series;
    signalRunEnd(this, ending, series, this.#span, this.context);
  }
}

function runStatus(decided: EndStatus | undefined, state: RunState): RunEnding['status'] {
  if (decided !== undefined)
    return decided === STATUS_VALUE_SKIPPED ? STATUS_VALUE_COMPLETED : decided;
  if (state.troubled.size > 0) return STATUS_VALUE_PARTIAL;
  return STATUS_VALUE_COMPLETED;
}
