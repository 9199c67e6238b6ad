import { TraceFlags, isSpanContextValid, trace, type SpanContext } from '@opentelemetry/api';
import { isRunId, runTraceId } from '@milepost/run-id';
import { type RunIdentity } from './identity.ts';
import { rootSpanContext } from './run-span.ts';
import { activeContext, activeScope } from './scope.ts';

/** Version of the envelope that this package writes, and the latest that it reads. */
const ENVELOPE_VERSION = 1;

/** A run as another process, or a job's payload, carries it: see `jobEnvelopeSchema` of `@milepost/semconv/schemas`. */
export interface RunEnvelope {
  readonly version: number;
  readonly run: {
    readonly id: string;
    readonly attempt: number;
    readonly pipeline: string;
    readonly subdomain?: string;
    readonly client_id?: string;
    readonly parent_run_id?: string;
    readonly implicit?: boolean;
    readonly stages?: readonly string[];
    readonly source?: string;
    readonly started_at: number;
  };
  readonly stage?: {
    readonly name: string;
    readonly occurrence: number;
    readonly attempt: number;
    readonly execution_id?: string;
  };
  readonly traceparent?: string;
}

/** What an envelope makes of the process that reads it. */
export interface JoinedByEnvelope {
  readonly identity: RunIdentity;
  /** Where its spans hang. */
  readonly parent: SpanContext;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The envelope of the run around the call, undefined outside any run. */
export function currentEnvelope(): RunEnvelope | undefined {
  const scope = activeScope();
  if (scope === undefined) return undefined;
  const { run, stage } = scope;
  return {
    version: ENVELOPE_VERSION,
    run: {
      id: run.runId,
      attempt: run.attempt,
      pipeline: run.pipeline,
      ...(run.subdomain !== undefined && { subdomain: run.subdomain }),
      ...(run.clientId !== undefined && { client_id: run.clientId }),
      ...(run.parentRunId !== undefined && { parent_run_id: run.parentRunId }),
      ...(run.implicit && { implicit: true }),
      ...(run.stages.length > 0 && { stages: run.stages }),
      ...(run.source !== undefined && { source: run.source }),
      started_at: run.startTime,
    },
    ...(stage && {
      stage: {
        name: stage.name,
        occurrence: stage.occurrence,
        attempt: stage.attempt,
        execution_id: stage.executionId,
      },
    }),
    traceparent: traceparent(run),
  };
}

/**
 * Reads an envelope.
 * @throws TypeError that says what was expected and what came
 */
export function joinedByEnvelope(json: string): JoinedByEnvelope {
  const envelope: unknown = JSON.parse(json);
  const version = property(envelope, 'version');
  if (version !== ENVELOPE_VERSION) {
    throw new TypeError(`expected version ${ENVELOPE_VERSION}, got ${JSON.stringify(version)}`);
  }
  const run = property(envelope, 'run');
  const runId = property(run, 'id');
  if (!isRunId(runId))
    throw new TypeError(`expected a run ID as run.id, got ${JSON.stringify(runId)}`);
  const attempt = property(run, 'attempt');
  if (typeof attempt !== 'number' || !Number.isSafeInteger(attempt) || attempt < 1) {
    throw new TypeError(
      `expected a positive integer as run.attempt, got ${JSON.stringify(attempt)}`,
    );
  }
  const pipeline = property(run, 'pipeline');
  if (typeof pipeline !== 'string' || pipeline === '') {
    throw new TypeError(`expected a name as run.pipeline, got ${JSON.stringify(pipeline)}`);
  }
  const startedAt = property(run, 'started_at');
  if (typeof startedAt !== 'number') {
    throw new TypeError(
      `expected milliseconds as run.started_at, got ${JSON.stringify(startedAt)}`,
    );
  }
  const stages = property(run, 'stages');
  const identity: RunIdentity = {
    runId,
    traceId: runTraceId(runId),
    attempt,
    pipeline,
    subdomain: textOf(run, 'subdomain'),
    clientId: textOf(run, 'client_id'),
    parentRunId: textOf(run, 'parent_run_id'),
    implicit: property(run, 'implicit') === true,
    joined: true,
    stages: Array.isArray(stages) ? stages.filter((stage) => typeof stage === 'string') : [],
    source: textOf(run, 'source'),
    startTime: startedAt,
  };
  return { identity, parent: parentOf(property(envelope, 'traceparent'), identity) };
}

function traceparent(run: RunIdentity): string {
  const active = trace.getSpanContext(activeContext());
  const parent = active !== undefined && isSpanContextValid(active) ? active : rootSpanContext(run);
  return `00-${parent.traceId}-${parent.spanId}-${(parent.traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}

function parentOf(given: unknown, run: RunIdentity): SpanContext {
  const match = typeof given === 'string' ? TRACEPARENT.exec(given) : null;
  const [, traceId = '', spanId = '', flags = '00'] = match ?? [];
  const parent = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  };
  return isSpanContextValid(parent) && traceId === run.traceId ? parent : rootSpanContext(run);
}

function textOf(value: unknown, key: string): string | undefined {
  const text = property(value, key);
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
