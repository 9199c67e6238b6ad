import { type SpanContext, TraceFlags, isSpanContextValid } from '@opentelemetry/api';
import { isRunId, runTraceId } from '@milepost/run-id';
import { ENVELOPE_VERSION } from './envelope.ts';
import { type RunIdentity } from './identity.ts';
import { ObjectReader } from './object-reader.ts';
import { positiveInteger } from './positive-integer.ts';
import { rootSpanContext } from './run-span.ts';

/** What an envelope makes of the process that reads it. */
export interface JoinedByEnvelope {
  readonly identity: RunIdentity;
  /** Where its spans hang. */
  readonly parent: SpanContext;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const EXECUTION_ID = /^[0-9a-f]{16}$/;

/**
 * Reads the envelope of a run; takes and refuses the same ones as `jobEnvelopeSchema` of `@milepost/semconv/schemas`, which a
 * test holds.
 * @throws TypeError that says what was expected and what came, SyntaxError where it is no JSON
 */
export function readEnvelope(json: string): JoinedByEnvelope {
  const envelope = new ObjectReader('', JSON.parse(json));
  envelope.read('version', `version ${ENVELOPE_VERSION}`, (value) =>
    value === ENVELOPE_VERSION ? value : undefined,
  );
  const identity = identityOf(envelope.object('run'));
  checkStage(envelope.object('stage', 'optional'));
  for (const key of ['name', 'parent_job_id']) envelope.text(key, 'optional');
  envelope.read('enqueued_at', 'milliseconds', asNumber, 'optional');
  const traceparent = envelope.read(
    'traceparent',
    'a W3C traceparent',
    (value) => (typeof value === 'string' ? (TRACEPARENT.exec(value) ?? undefined) : undefined),
    'optional',
  );
  return { identity, parent: parentOf(traceparent, identity) };
}

function identityOf(run: ObjectReader): RunIdentity {
  const runId = run.read('id', 'a run ID', (value) => (isRunId(value) ? value : undefined));
  return {
    runId,
    traceId: runTraceId(runId),
    attempt: run.read('attempt', 'a positive integer', positiveInteger),
    pipeline: run.name('pipeline'),
    subdomain: run.text('subdomain', 'optional') || undefined,
    clientId: run.text('client_id', 'optional') || undefined,
    parentRunId: run.text('parent_run_id', 'optional') || undefined,
    implicit: run.read('implicit', 'true or false', asBoolean, 'optional') ?? false,
    joined: true,
    stages: run.read('stages', 'a list of names', asTexts, 'optional') ?? [],
    source: run.text('source', 'optional') || undefined,
    startTime: run.read('started_at', 'milliseconds', asNumber),
  };
}

// Who reads the environment joins the run, not the stage: the span to hang under comes with the traceparent.
function checkStage(stage: ObjectReader | undefined): void {
  if (stage === undefined) return;
  stage.name('name');
  stage.read('occurrence', 'a positive integer', positiveInteger);
  stage.read('attempt', 'a positive integer', positiveInteger);
  stage.read('started_at', 'milliseconds', asNumber, 'optional');
  stage.read(
    'execution_id',
    '16 hex digits',
    (value) => (typeof value === 'string' && EXECUTION_ID.test(value) ? value : undefined),
    'optional',
  );
}

function parentOf(traceparent: RegExpExecArray | undefined, run: RunIdentity): SpanContext {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent ?? [];
  const parent = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  };
  return isSpanContextValid(parent) && traceId === run.traceId ? parent : rootSpanContext(run);
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function asBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function asTexts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}
