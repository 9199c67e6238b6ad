import { type Attributes, type Context, type Span, SpanStatusCode } from '@opentelemetry/api';
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
  EVENT_RUN_STARTED,
  LEVEL_VALUE_INFO,
  PIPELINE_UNIT_VALUE_RUN,
  STATUS_VALUE_FAILED,
  runEndedEvent,
} from '@milepost/semconv';
import { addEndAttributes, addFlags, addStartAttributes, levelOf } from './end-attributes.ts';
import { type Fields } from './field-bag.ts';
import { type Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { durationInstruments } from './instruments.ts';
import { type RunEndedEvent, hasLifecycleListeners, publishLifecycle } from './lifecycle.ts';
import { emitLog } from './milestone.ts';
import { currentLogger } from './providers.ts';
import { type SpanPlace } from './span-place.ts';
import { type RunSeries } from './stage-series.ts';

/** How a run ended. */
export type RunEnding = Pick<RunEndedEvent, 'status' | 'durationSeconds' | 'error' | 'reason'>;

/** What a run says of itself in all its signals. */
export interface SignalledRun {
  readonly identity: RunIdentity;
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  readonly fields: Fields;
  readonly flags: Flags;
}

/** The attributes that everything in a run carries. */
export function runScopeAttributes(run: RunIdentity): Attributes {
  const attributes: Attributes = { [ATTR_RUN_ID]: run.runId, [ATTR_PIPELINE]: run.pipeline };
  if (run.subdomain !== undefined) attributes[ATTR_SUBDOMAIN] = run.subdomain;
  if (run.clientId !== undefined) attributes[ATTR_CLIENT_ID] = run.clientId;
  return attributes;
}

function signalAttributes({ identity, fields }: SignalledRun): Attributes {
  return {
    ...runScopeAttributes(identity),
    [ATTR_ATTEMPT]: identity.attempt,
    [ATTR_RETRY_COUNT]: identity.attempt - 1,
    ...(identity.parentRunId !== undefined && { [ATTR_PARENT_RUN_ID]: identity.parentRunId }),
    ...(identity.implicit && { [ATTR_IMPLICIT]: true }),
    ...fields,
  };
}

/** What the root span of a run carries from its start. */
export function runSpanAttributes(run: SignalledRun): Attributes {
  const attributes = signalAttributes(run);
  attributes[ATTR_PIPELINE_UNIT] = PIPELINE_UNIT_VALUE_RUN;
  addFlags(attributes, run.flags);
  return attributes;
}

/** Logs that a run started. */
export function logRunStart(run: SignalledRun, context: Context): void {
  const logger = currentLogger();
  if (logger === undefined) return;
  const attributes = signalAttributes(run);
  addStartAttributes(attributes, run.startTime, run.flags);
  emitLog(logger, LEVEL_VALUE_INFO, EVENT_RUN_STARTED, EVENT_RUN_STARTED, context, attributes);
}

/** Tells the lifecycle feed that a run started, or was joined. */
export function publishRunStart(
  { identity, startTime, fields, flags }: SignalledRun,
  span: SpanPlace | undefined,
): void {
  if (!hasLifecycleListeners()) return;
  publishLifecycle({
    type: 'run_started',
    time: startTime,
    run: identity,
    flags: flags.list,
    fields,
    span,
  });
}

/** Counts, logs and publishes the end of a run, and ends its root span. */
export function signalRunEnd(
  run: SignalledRun,
  ending: RunEnding,
  series: RunSeries | undefined,
  span: Span | undefined,
  context: Context,
): void {
  const { identity, startTime, flags } = run;
  if (series) {
    const count = series.runs[ending.status];
    count.value += 1;
    durationInstruments().runDuration.record(ending.durationSeconds, count.attributes);
  }
  logRunEnd(run, ending, context);
  guarded('the end of the span of a run', () => endRunSpan(span, ending), undefined);
  if (!hasLifecycleListeners()) return;
  publishLifecycle({
    type: 'run_ended',
    time: startTime + ending.durationSeconds * 1000,
    run: identity,
    flags: flags.list,
    ...ending,
  });
}

function logRunEnd(run: SignalledRun, ending: RunEnding, context: Context): void {
  const logger = currentLogger();
  if (logger === undefined) return;
  const { status, durationSeconds, error, reason } = ending;
  const attributes = signalAttributes(run);
  if (reason !== undefined) attributes[ATTR_REASON] = reason;
  addEndAttributes(attributes, status, run.startTime, durationSeconds, error, run.flags);
  const event = runEndedEvent(status);
  emitLog(logger, levelOf(status), event, event, context, attributes);
}

function endRunSpan(span: Span | undefined, { status, error, reason }: RunEnding): void {
  if (span === undefined) return;
  span.setAttribute(ATTR_STATUS, status);
  if (reason !== undefined) span.setAttribute(ATTR_REASON, reason);
  if (status === STATUS_VALUE_FAILED) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error?.message ?? '' });
    if (error) span.setAttribute(ATTR_ERROR_TYPE, error.type);
  }
  span.end();
}
