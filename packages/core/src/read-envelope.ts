import { type SpanContext } from '@opentelemetry/api';
import { keepChanges } from './envelope-changes.ts';
import { type EnvelopeParts, envelopeParts } from './envelope-parts.ts';
import { asTime } from './envelope-time.ts';
import {
  ENVELOPE_VERSION,
  type EnvelopeBegin,
  type EnvelopeRun,
  type EnvelopeStage,
} from './envelope.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { type ObjectReader } from './object-reader.ts';
import { positiveInteger } from './positive-integer.ts';
import { readBegin } from './read-envelope-begin.ts';
import { rootSpanContext } from './run-span.ts';
import { readTraceparent, spanContextOf } from './traceparent.ts';

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

/**
 * Reads the envelope of a run; takes and refuses the same ones as `jobEnvelopeSchema` of `@milepost/semconv/schemas`, which a
 * test holds. What comes out may be shared with others who read of the same run: it is frozen.
 * @param given plain data, or its JSON
 * @throws TypeError that says what was expected and what came, SyntaxError where it is no JSON
 */
export function readEnvelope(given: unknown): JoinedByEnvelope {
  const parts = versioned(given);
  const { handedOver } = readJobKeys(parts.own);
  return joinedBy(parts, handedOver);
}

/**
 * Reads the envelope of a job: one of a run as `readEnvelope` does, or a template as `jobTemplateSchema` of
 * `@milepost/semconv/schemas` does.
 * @param given plain data, or its JSON
 * @throws TypeError that says what was expected and what came, SyntaxError where it is no JSON
 */
export function readJobEnvelope(given: unknown): EnvelopeOfJob {
  const parts = versioned(given);
  const { own, common } = parts;
  const keys = readJobKeys(own);
  if (keys.name !== undefined && !common.hasRun()) {
    const begin = own.object('begin', 'optional');
    const template = { joined: undefined, begin: begin && readBegin(begin), stage: common.stage() };
    return keepChanges({ ...template, ...keys }, own.flags);
  }
  const joined = joinedBy(parts, keys.handedOver);
  return keepChanges({ joined, begin: undefined, stage: joined.stage, ...keys }, own.flags);
}

function versioned(given: unknown): EnvelopeParts {
  const parts = envelopeParts(given);
  parts.own.read('version', `version ${ENVELOPE_VERSION}`, asVersion);
  return parts;
}

function joinedBy(
  { own, common }: EnvelopeParts,
  handedOver: SpanContext | undefined,
): JoinedByEnvelope {
  const { identity, carried } = common.run();
  return {
    identity,
    carried,
    stage: common.stage(),
    job: readJobAround(own.object('job', 'optional')),
    parent: handedOver?.traceId === identity.traceId ? handedOver : rootSpanContext(identity),
  };
}

function readJobKeys(
  envelope: ObjectReader,
): Pick<EnvelopeOfJob, 'name' | 'parentJobId' | 'enqueuedAt' | 'handedOver'> {
  return {
    name: envelope.name('name', 'optional'),
    parentJobId: envelope.text('parent_job_id'),
    enqueuedAt: envelope.read('enqueued_at', 'milliseconds since 1970', asTime, 'optional'),
    handedOver: spanContextOf(readTraceparent(envelope, 'traceparent')),
  };
}

function readJobAround(job: ObjectReader | undefined): JobIdentity | undefined {
  if (job === undefined) return undefined;
  const read: JobIdentity = {
    jobId: job.name('id'),
    queue: job.name('queue'),
    name: job.name('name'),
    attempt: job.read('attempt', 'a positive integer', positiveInteger),
    parentJobId: job.text('parent_job_id'),
  };
  return keepChanges(read, job.flags);
}

function asVersion(value: unknown): number | undefined {
  return value === ENVELOPE_VERSION ? value : undefined;
}
