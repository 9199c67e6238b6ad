import {
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  isSpanContextValid,
  trace,
} from '@opentelemetry/api';
import { jobSpanId } from '@milepost/run-id';
import {
  ATTR_ERROR_TYPE,
  ATTR_PIPELINE_UNIT,
  ATTR_STATUS,
  EVENT_JOB_STARTED,
  LEVEL_VALUE_INFO,
  PIPELINE_UNIT_VALUE_JOB,
  jobEndedBody,
  jobEndedEvent,
  jobStartedBody,
} from '@milepost/semconv';
import { startDerivedSpan } from './derived-span.ts';
import { addEndAttributes, addFlags, addStartAttributes, levelOf } from './end-attributes.ts';
import { type Fields } from './field-bag.ts';
import { type Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { type JobTrace } from './job-options.ts';
import { emitLog } from './milestone.ts';
import { currentLogger } from './providers.ts';
import { type SignalledEnd } from './stage-signals.ts';

/** What a job says about itself. */
export interface SignalledJob {
  readonly run: RunIdentity;
  readonly identity: JobIdentity;
  readonly flags: Flags;
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  /** The attributes of each of its signals: a fresh object each time. */
  base(): Attributes;
  /** What was said of it so far. */
  readonly fields: Fields;
}

/** Where the span of a job belongs. */
export interface JobSpanPlace {
  readonly trace: JobTrace;
  /** The span of the stage, the parent job or the run. */
  readonly parent: SpanContext;
  /** Further spans that it comes from. */
  readonly linked: readonly SpanContext[];
}

/** The span and the log lines of one try of a job. */
export class JobSignals {
  /** The context that the job's function runs in. */
  readonly context: Context;
  /** Of the span, or of the one that it would be. */
  readonly spanContext: SpanContext;
  readonly #job: SignalledJob;
  readonly #span: Span | undefined;

  /** Starts the span, and logs the start. */
  constructor(job: SignalledJob, place: JobSpanPlace, inJob: Context) {
    this.#job = job;
    const derived = derivedContext(job);
    this.#span = startJobSpan(this.#attributes(), job, derived.spanId, place, inJob);
    const own = this.#span?.spanContext();
    const isValid = own !== undefined && (own.spanId === derived.spanId || isSpanContextValid(own));
    this.spanContext = isValid ? own : derived;
    this.context =
      this.#span === undefined
        ? trace.setSpanContext(inJob, derived)
        : trace.setSpan(inJob, this.#span);
    this.#logStart();
  }

  /** Logs the end, and ends the span. */
  end(end: SignalledEnd): void {
    this.#logEnd(end);
    guarded('the end of the span of a job', () => this.#endSpan(end), undefined);
  }

  #logStart(): void {
    const logger = currentLogger();
    if (logger === undefined) return;
    const { identity, startTime, flags } = this.#job;
    const attributes = this.#attributes();
    addStartAttributes(attributes, startTime, flags);
    const body = jobStartedBody(identity.name);
    emitLog(logger, LEVEL_VALUE_INFO, body, EVENT_JOB_STARTED, this.context, attributes);
  }

  #logEnd({ status, durationSeconds, error, added }: SignalledEnd): void {
    const logger = currentLogger();
    if (logger === undefined) return;
    const { identity, startTime, flags } = this.#job;
    const attributes = Object.assign(this.#attributes(), added);
    addEndAttributes(attributes, status, startTime, durationSeconds, error, flags);
    const body = jobEndedBody(identity.name, status);
    emitLog(logger, levelOf(status), body, jobEndedEvent(status), this.context, attributes);
  }

  #endSpan({ status, error, added }: SignalledEnd): void {
    const span = this.#span;
    if (span === undefined) return;
    if (span.isRecording()) {
      const attributes: Attributes = { ...added, ...this.#job.fields, [ATTR_STATUS]: status };
      addFlags(attributes, this.#job.flags);
      if (error !== undefined) {
        attributes[ATTR_ERROR_TYPE] = error.type;
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      }
      span.setAttributes(attributes);
    }
    span.end();
  }

  #attributes(): Attributes {
    return Object.assign(this.#job.base(), this.#job.fields);
  }
}

function derivedContext({ run, identity }: SignalledJob): SpanContext {
  const { queue, jobId, attempt } = identity;
  const coordinates = { runAttempt: run.attempt, jobAttempt: attempt };
  return {
    traceId: run.traceId,
    spanId: jobSpanId(run.runId, queue, jobId, coordinates),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}

function startJobSpan(
  attributes: Attributes,
  { run, identity }: SignalledJob,
  spanId: string,
  place: JobSpanPlace,
  inJob: Context,
): Span | undefined {
  const isChild = place.trace === 'child';
  const from = isChild ? place.linked : [place.parent, ...place.linked];
  const links: Link[] = from.map((context) => ({ context }));
  attributes[ATTR_PIPELINE_UNIT] = PIPELINE_UNIT_VALUE_JOB;
  const parent = isChild ? place.parent : undefined;
  return startDerivedSpan(
    {
      name: identity.name,
      traceId: isChild ? run.traceId : undefined,
      spanId,
      parent,
      otherwise: parent,
      options: { kind: SpanKind.CONSUMER, attributes, links },
    },
    inJob,
  );
}
