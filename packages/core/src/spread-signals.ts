import { type Attributes, type Context, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  ATTR_ATTEMPT,
  ATTR_ERROR_TYPE,
  ATTR_PIPELINE_UNIT,
  ATTR_REASON,
  ATTR_RETRY_COUNT,
  ATTR_STAGE,
  ATTR_STAGE_OCCURRENCE,
  ATTR_STATUS,
  type EndStatus,
  LEVEL_VALUE_INFO,
  PIPELINE_UNIT_VALUE_STAGE,
  stageEndedEvent,
  stageStartedEvent,
} from '@milepost/semconv';
import { startDerivedSpan } from './derived-span.ts';
import { type ErrorDescription } from './describe-error.ts';
import { addEndAttributes, addFlags, addStartAttributes, levelOf } from './end-attributes.ts';
import { type EnvelopeRun, type EnvelopeStage } from './envelope.ts';
import { type Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { jobAttributes } from './job-attributes.ts';
import { hasLifecycleListeners, publishLifecycle } from './lifecycle.ts';
import { emitLog } from './milestone.ts';
import { openRunContext } from './open-run.ts';
import { currentLogger } from './providers.ts';
import { runScopeAttributes } from './run-signals.ts';
import { rootSpanContext } from './run-span.ts';
import { spreadExecutionId, spreadIdentity, stageSpanContext } from './spread-stage.ts';
import { countStageEnd, countStageStart } from './stage-counts.ts';
import { type StageNotes } from './stage-notes.ts';
import { stageSeries } from './stage-series.ts';

/** A spread stage, and who begins or ends it. */
export interface SpreadStage {
  readonly run: RunIdentity;
  readonly carried: EnvelopeRun | undefined;
  readonly stage: EnvelopeStage;
  /** The job around the call. */
  readonly job: JobIdentity | undefined;
  readonly flags: Flags;
}

/** How a spread stage begins. */
export interface SpreadStart extends SpreadStage {
  readonly config: Readonly<Record<string, unknown>> | undefined;
  readonly expectedIntervalSeconds: number | undefined;
}

/** How a spread stage ends. */
export interface SpreadEnd extends SpreadStage {
  readonly status: EndStatus;
  readonly error: ErrorDescription | undefined;
  readonly reason: string | undefined;
  /** Fields and counts, also those of the beginning. */
  readonly notes: StageNotes;
}

const NOTHING = Object.freeze({});

/** Counts, logs and publishes that a spread stage began. */
export function startSpreadStage(start: SpreadStart): void {
  const { run, stage, job, flags, config, expectedIntervalSeconds } = start;
  const startTime = startOf(stage);
  const series = stageSeries(run.pipeline, stage.name, run.subdomain);
  countStageStart(series, startTime, expectedIntervalSeconds, true);
  logStart(start, startTime);
  if (!hasLifecycleListeners()) return;
  publishLifecycle({
    type: 'stage_started',
    time: startTime,
    run,
    stage: spreadIdentity(run, stage, job),
    flags: flags.list,
    fields: stage.attributes ?? NOTHING,
    span: {
      spanId: spreadExecutionId(run, stage),
      parentSpanId: rootSpanContext(run).spanId,
      isSampled: true,
    },
    ...(config && { config }),
    ...(stage.expected !== undefined && { expected: stage.expected }),
  });
}

/** Counts, logs and publishes that a spread stage ended, and makes its span. */
export function endSpreadStage(end: SpreadEnd): void {
  const { run, stage, job, flags, status, error, reason, notes } = end;
  const startTime = startOf(stage);
  // Another machine's clock may have been ahead.
  const durationSeconds = Math.max(0, (Date.now() - startTime) / 1000);
  const series = stageSeries(run.pipeline, stage.name, run.subdomain);
  countStageEnd(series, status, false, startTime, durationSeconds, error, true);
  logEnd(end, startTime, durationSeconds);
  guarded('the span of a stage', () => makeSpan(end, startTime, durationSeconds), undefined);
  if (!hasLifecycleListeners()) return;
  publishLifecycle({
    type: 'stage_ended',
    time: startTime + durationSeconds * 1000,
    run,
    stage: spreadIdentity(run, stage, job),
    flags: flags.list,
    status,
    willRetry: false,
    durationSeconds,
    error,
    reason,
    counts: notes.counts,
    fields: notes.fields,
    config: notes.config,
    metadata: notes.metadata,
    items: undefined,
  });
}

function startOf(stage: EnvelopeStage): number {
  return stage.started_at ?? Date.now();
}

function baseOf({ run, stage }: SpreadStage): Attributes {
  const { name, occurrence, attempt, attributes } = stage;
  return {
    ...runScopeAttributes(run),
    [ATTR_STAGE]: name,
    [ATTR_ATTEMPT]: attempt,
    [ATTR_RETRY_COUNT]: attempt - 1,
    ...(occurrence > 1 && { [ATTR_STAGE_OCCURRENCE]: occurrence }),
    ...attributes,
  };
}

function contextOf({ run, carried, stage }: SpreadStage): Context {
  return trace.setSpanContext(openRunContext(run, carried), stageSpanContext(run, stage));
}

function endFields({ notes, reason }: SpreadEnd): Attributes {
  return {
    ...notes.fields,
    ...notes.counts,
    ...(reason !== undefined && { [ATTR_REASON]: reason }),
  };
}

function logStart(start: SpreadStart, startTime: number): void {
  const logger = currentLogger();
  if (logger === undefined) return;
  const attributes = { ...baseOf(start), ...(start.job && jobAttributes(start.job)) };
  addStartAttributes(attributes, startTime, start.flags);
  const event = stageStartedEvent(start.stage.name);
  emitLog(logger, LEVEL_VALUE_INFO, event, event, contextOf(start), attributes);
}

function logEnd(end: SpreadEnd, startTime: number, durationSeconds: number): void {
  const logger = currentLogger();
  if (logger === undefined) return;
  const { status, error, flags, stage, job } = end;
  const attributes = { ...baseOf(end), ...(job && jobAttributes(job)), ...endFields(end) };
  addEndAttributes(attributes, status, startTime, durationSeconds, error, flags);
  const event = stageEndedEvent(stage.name, status);
  emitLog(logger, levelOf(status), event, event, contextOf(end), attributes);
}

function makeSpan(end: SpreadEnd, startTime: number, durationSeconds: number): void {
  const { run, carried, stage, status, error, flags } = end;
  const own = stageSpanContext(run, stage);
  const attributes: Attributes = {
    ...baseOf(end),
    [ATTR_PIPELINE_UNIT]: PIPELINE_UNIT_VALUE_STAGE,
    ...endFields(end),
    [ATTR_STATUS]: status,
    ...(error && { [ATTR_ERROR_TYPE]: error.type }),
  };
  addFlags(attributes, flags);
  const span = startDerivedSpan(
    {
      name: stage.name,
      traceId: own.traceId,
      spanId: own.spanId,
      parent: rootSpanContext(run),
      otherwise: own,
      options: { attributes, startTime },
    },
    openRunContext(run, carried),
  );
  if (span === undefined) return;
  if (error) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  span.end(startTime + durationSeconds * 1000);
}
