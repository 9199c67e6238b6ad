import { isRunId, runTraceId } from '@milepost/run-id';
import { MAX_DECLARED_STAGES, MAX_ENVELOPE_NAME_LENGTH } from '@milepost/semconv';
import { keepChanges } from './envelope-changes.ts';
import { readFields } from './envelope-fields.ts';
import { asTime } from './envelope-time.ts';
import { type EnvelopeRun, envelopeRun } from './envelope.ts';
import { type RunIdentity } from './identity.ts';
import { type ObjectReader, asText } from './object-reader.ts';
import { positiveInteger } from './positive-integer.ts';
import { ITEM_SPANS_VALUES } from './run-options.ts';
import { readTraceparent } from './traceparent.ts';

/** A run as an envelope tells it. */
export interface ReadRun {
  readonly identity: RunIdentity;
  /** The run as it came: what is handed on. */
  readonly carried: EnvelopeRun;
}

const STAGES = `a list of at most ${MAX_DECLARED_STAGES} names, of at most ${MAX_ENVELOPE_NAME_LENGTH} characters each`;

/**
 * Reads the run of an envelope.
 * @throws TypeError that says what was expected and what came
 */
export function readRun(run: ObjectReader): ReadRun {
  const identity = identityOf(run);
  return { identity, carried: keepChanges(carriedOf(run, identity), run.flags) };
}

function identityOf(run: ObjectReader): RunIdentity {
  const runId = run.read('id', 'a run ID', (value) => (isRunId(value) ? value : undefined));
  return {
    runId,
    traceId: runTraceId(runId),
    attempt: run.read('attempt', 'a positive integer', positiveInteger),
    pipeline: run.name('pipeline'),
    subdomain: run.text('subdomain'),
    clientId: run.text('client_id'),
    parentRunId: run.text('parent_run_id'),
    implicit: run.read('implicit', 'true or false', asBoolean, 'optional') ?? false,
    joined: true,
    stages: readDeclaredStages(run) ?? [],
    source: run.text('source'),
    startTime: run.read('started_at', 'milliseconds since 1970', asTime),
    ...(run.read('begun', 'true or false', asBoolean, 'optional') && { begun: true }),
  };
}

/** Reads the stages that a run declares; undefined where there are none. */
export function readDeclaredStages(run: ObjectReader): readonly string[] | undefined {
  return run.read('stages', STAGES, asStages, 'optional')?.map((stage) => run.bounded(stage));
}

function carriedOf(run: ObjectReader, identity: RunIdentity): EnvelopeRun {
  const attributes = run.read('attributes', 'an object of fields', readFields, 'optional');
  const linkedFrom = readTraceparent(run, 'linked_from');
  const given = run.read('item_spans', 'a string', asString, 'optional');
  const itemSpans = ITEM_SPANS_VALUES.find((value) => value === given);
  return {
    ...envelopeRun(identity),
    ...(attributes && { attributes }),
    ...(itemSpans && { item_spans: itemSpans }),
    ...(linkedFrom && { linked_from: linkedFrom }),
  };
}

function asBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asStages(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_DECLARED_STAGES) return undefined;
  const stages = value.map(asText).filter((stage) => stage !== undefined);
  return stages.length === value.length ? stages : undefined;
}
