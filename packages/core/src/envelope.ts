import { type FieldValue } from './field-value.ts';
import { type JobIdentity, type RunIdentity, type StageIdentity } from './identity.ts';
import { type ItemSpans } from './run-options.ts';

/** Version of the envelope that this package writes, and the latest that it reads. */
export const ENVELOPE_VERSION = 1;

type EnvelopeFields = Readonly<Record<string, FieldValue>>;

/** The run in an envelope. Times are in milliseconds since the Unix epoch. */
export interface EnvelopeRun {
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
  /** True for a run of `beginRun`: it stays open until somebody ends it. */
  readonly begun?: boolean;
  /** Fields of the run's span and logs. */
  readonly attributes?: EnvelopeFields;
  readonly item_spans?: ItemSpans;
  /** W3C trace context of the span in which the run was begun. */
  readonly linked_from?: string;
}

/** The stage in an envelope. Times are in milliseconds since the Unix epoch. */
export interface EnvelopeStage {
  readonly name: string;
  readonly occurrence: number;
  readonly attempt: number;
  /** 16 hex digits. */
  readonly execution_id?: string;
  /** Present where the stage is spread over jobs: one of `beginStage`. */
  readonly started_at?: number;
  readonly parent_execution_id?: string;
  /** Fields of the stage's span and logs. */
  readonly attributes?: EnvelopeFields;
  /** How many jobs it is going to be spread over. */
  readonly expected?: number;
}

/** The job inside which an envelope was made, as plain data. */
export interface EnvelopeJob {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly attempt: number;
  readonly parent_job_id?: string;
}

/** A run as plain data, which another process goes on with: see `jobEnvelopeSchema` of `@milepost/semconv/schemas`. */
export interface RunEnvelope {
  readonly version: number;
  readonly run: EnvelopeRun;
  readonly stage?: EnvelopeStage;
  /** The job inside which a child process was started. */
  readonly job?: EnvelopeJob;
  /** W3C trace context of the span under which the spans of whoever reads it hang. */
  readonly traceparent?: string;
}

/** A stage that is spread over jobs, as plain data: all that whoever ends it must know. */
export interface StageEnvelope extends RunEnvelope {
  readonly stage: EnvelopeStage;
}

/** The run that a job begins each time it runs, as plain data. */
export interface EnvelopeBegin {
  readonly pipeline: string;
  readonly subdomain?: string;
  readonly client?: string;
  readonly stages?: readonly string[];
  readonly source?: string;
  readonly attributes?: EnvelopeFields;
}

/** What a queued job carries about its run, as plain data. Its own ID and attempt come from the queue when it runs. */
export interface JobEnvelope {
  readonly version: number;
  /** Absent in the template of a repeated job: each time it runs, a run of its own begins. */
  readonly run?: EnvelopeRun;
  /** The run that a template begins. Without it, the run begins and ends with the job. */
  readonly begin?: EnvelopeBegin;
  readonly stage?: EnvelopeStage;
  /** Name of the job (`ocr_page_job`). */
  readonly name: string;
  readonly parent_job_id?: string;
  /** When it was enqueued, in milliseconds since the Unix epoch. */
  readonly enqueued_at: number;
  /** W3C trace context of the span under which the job's span hangs. */
  readonly traceparent?: string;
}

/** The run of an envelope. */
export function envelopeRun(run: RunIdentity): EnvelopeRun {
  return {
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
    ...(run.begun && { begun: true }),
  };
}

/** The run of an envelope as data of whoever is given it, to write to as they like: what was read of one is shared, and frozen. */
export function ownEnvelopeRun(run: EnvelopeRun): EnvelopeRun {
  const { stages, attributes } = run;
  return {
    ...run,
    ...(stages && { stages: [...stages] }),
    ...(attributes && { attributes: { ...attributes } }),
  };
}

/** The stage of an envelope. */
export function envelopeStage(stage: StageIdentity): EnvelopeStage {
  return {
    name: stage.name,
    occurrence: stage.occurrence,
    attempt: stage.attempt,
    execution_id: stage.executionId,
  };
}

/** The job of an envelope. */
export function envelopeJob(job: JobIdentity): EnvelopeJob {
  return {
    id: job.jobId,
    queue: job.queue,
    name: job.name,
    attempt: job.attempt,
    ...(job.parentJobId !== undefined && { parent_job_id: job.parentJobId }),
  };
}
