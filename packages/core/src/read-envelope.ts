import { type SpanContext } from '@opentelemetry/api';
import { isRunId, runTraceId } from '@milepost/run-id';
import {
  ENVELOPE_VERSION,
  type EnvelopeBegin,
  type EnvelopeRun,
  type EnvelopeStage,
  envelopeRun,
} from './envelope.ts';
import { type FieldValue } from './field-value.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { ObjectReader } from './object-reader.ts';
import { positiveInteger } from './positive-integer.ts';
import { ITEM_SPANS_VALUES } from './run-options.ts';
import { rootSpanContext } from './run-span.ts';
import { TRACEPARENT, spanContextOf } from './traceparent.ts';

/** What an envelope makes of the process that reads it. */
export interface JoinedByEnvelope {
  readonly identity: RunIdentity;
  /** The run as it came: what is handed on. */
  readonly carried: EnvelopeRun;
  readonly stage: EnvelopeStage | undefined;
  /** The job inside which the process was started. */
  readonly job: JobIdentity | undefined;
  /** Where its spans hang. */
  readonly parent: SpanContext;
}

/** What the envelope of a job says of the job itself. */
export interface EnvelopeOfJob {
  /** Undefined in a template. */
  readonly joined: JoinedByEnvelope | undefined;
  readonly begin: EnvelopeBegin | undefined;
  readonly stage: EnvelopeStage | undefined;
  readonly name: string | undefined;
  readonly parentJobId: string | undefined;
  /** In milliseconds since the Unix epoch. */
  readonly enqueuedAt: number | undefined;
  /** The span that handed it over, also of another trace. */
  readonly handedOver: SpanContext | undefined;
}

// The last millisecond whose nanoseconds fit into 64 bits with a sign, as OTLP and its readers keep times: in 2262.
const LATEST_MS = 9_223_372_036_854;
const EXECUTION_ID = /^[0-9a-f]{16}$/;

/**
 * Reads the envelope of a run; takes and refuses the same ones as `jobEnvelopeSchema` of `@milepost/semconv/schemas`, which a
 * test holds.
 * @param given plain data, or its JSON
 * @throws TypeError that says what was expected and what came, SyntaxError where it is no JSON
 */
export function readEnvelope(given: unknown): JoinedByEnvelope {
  const envelope = versioned(given);
  const joined = readRun(envelope);
  readJobKeys(envelope);
  return joined;
}

/**
 * Reads the envelope of a job: one of a run as `readEnvelope` does, or a template as `jobTemplateSchema` of
 * `@milepost/semconv/schemas` does.
 * @param given plain data, or its JSON
 * @throws TypeError that says what was expected and what came, SyntaxError where it is no JSON
 */
export function readJobEnvelope(given: unknown): EnvelopeOfJob {
  const envelope = versioned(given);
  const isTemplate = !envelope.has('run') && envelope.has('name');
  const joined = isTemplate ? undefined : readRun(envelope);
  const { traceparent, ...keys } = readJobKeys(envelope);
  return {
    joined,
    begin: isTemplate ? readBegin(envelope.object('begin', 'optional')) : undefined,
    stage: joined === undefined ? readStage(envelope) : joined.stage,
    ...keys,
    handedOver: spanContextOf(traceparent),
  };
}

function versioned(given: unknown): ObjectReader {
  const envelope = new ObjectReader('', typeof given === 'string' ? JSON.parse(given) : given);
  envelope.read('version', `version ${ENVELOPE_VERSION}`, (value) =>
    value === ENVELOPE_VERSION ? value : undefined,
  );
  return envelope;
}

function readRun(envelope: ObjectReader): JoinedByEnvelope {
  const run = envelope.object('run');
  const identity = identityOf(run);
  const parent = spanContextOf(readTraceparent(envelope, 'traceparent'));
  return {
    identity,
    carried: carriedOf(run, identity),
    stage: readStage(envelope),
    job: readJobAround(envelope.object('job', 'optional')),
    parent: parent?.traceId === identity.traceId ? parent : rootSpanContext(identity),
  };
}

function readJobKeys(envelope: ObjectReader) {
  return {
    name: envelope.read('name', 'a name', asName, 'optional'),
    parentJobId: envelope.text('parent_job_id', 'optional') || undefined,
    enqueuedAt: envelope.read('enqueued_at', 'milliseconds since 1970', asTime, 'optional'),
    traceparent: readTraceparent(envelope, 'traceparent'),
  };
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
    startTime: run.read('started_at', 'milliseconds since 1970', asTime),
    ...(run.read('begun', 'true or false', asBoolean, 'optional') && { begun: true }),
  };
}

function carriedOf(run: ObjectReader, identity: RunIdentity): EnvelopeRun {
  const attributes = run.read('attributes', 'an object of fields', asFields, 'optional');
  const linkedFrom = readTraceparent(run, 'linked_from');
  const given = run.text('item_spans', 'optional');
  const itemSpans = ITEM_SPANS_VALUES.find((value) => value === given);
  return {
    ...envelopeRun(identity),
    ...(attributes && { attributes }),
    ...(itemSpans && { item_spans: itemSpans }),
    ...(linkedFrom && { linked_from: linkedFrom }),
  };
}

function readStage(envelope: ObjectReader): EnvelopeStage | undefined {
  const stage = envelope.object('stage', 'optional');
  return stage && stageOf(stage);
}

function readJobAround(job: ObjectReader | undefined): JobIdentity | undefined {
  return (
    job && {
      jobId: job.name('id'),
      queue: job.name('queue'),
      name: job.name('name'),
      attempt: job.read('attempt', 'a positive integer', positiveInteger),
      parentJobId: job.text('parent_job_id', 'optional') || undefined,
    }
  );
}

/**
 * Reads the stage of an envelope.
 * @throws TypeError that says what was expected and what came
 */
export function stageOf(stage: ObjectReader): EnvelopeStage {
  const executionId = stage.read('execution_id', '16 hex digits', asExecutionId, 'optional');
  const startedAt = stage.read('started_at', 'milliseconds since 1970', asTime, 'optional');
  const parent = stage.read('parent_execution_id', '16 hex digits', asExecutionId, 'optional');
  const attributes = stage.read('attributes', 'an object of fields', asFields, 'optional');
  const expected = stage.read('expected', 'a number of jobs', asCount, 'optional');
  return {
    name: stage.name('name'),
    occurrence: stage.read('occurrence', 'a positive integer', positiveInteger),
    attempt: stage.read('attempt', 'a positive integer', positiveInteger),
    ...(executionId && { execution_id: executionId }),
    ...(startedAt !== undefined && { started_at: startedAt }),
    ...(parent && { parent_execution_id: parent }),
    ...(attributes && { attributes }),
    ...(expected !== undefined && { expected }),
  };
}

function readBegin(begin: ObjectReader | undefined): EnvelopeBegin | undefined {
  if (begin === undefined) return undefined;
  const subdomain = begin.text('subdomain', 'optional');
  const client = begin.text('client', 'optional');
  const stages = begin.read('stages', 'a list of names', asTexts, 'optional');
  const source = begin.text('source', 'optional');
  const attributes = begin.read('attributes', 'an object of fields', asFields, 'optional');
  return {
    pipeline: begin.name('pipeline'),
    ...(subdomain && { subdomain }),
    ...(client && { client }),
    ...(stages && { stages }),
    ...(source && { source }),
    ...(attributes && { attributes }),
  };
}

function readTraceparent(from: ObjectReader, key: string): string | undefined {
  return from.read(
    key,
    'a W3C traceparent',
    (value) => (typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined),
    'optional',
  );
}

function asName(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function asTime(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= LATEST_MS ? value : undefined;
}

function asCount(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}

function asBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function asExecutionId(value: unknown): string | undefined {
  return typeof value === 'string' && EXECUTION_ID.test(value) ? value : undefined;
}

function asTexts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}

function asFields(value: unknown): Readonly<Record<string, FieldValue>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields: Record<string, FieldValue> = {};
  for (const [name, one] of Object.entries(value)) {
    const field = asField(one);
    if (field === undefined) return undefined;
    fields[name] = field;
  }
  return fields;
}

function asField(value: unknown): FieldValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (!Array.isArray(value)) return undefined;
  if (value.every((one) => typeof one === 'string')) return value;
  if (value.every((one) => typeof one === 'number')) return value;
  return value.every((one) => typeof one === 'boolean') ? value : undefined;
}
