import { boundedName, UNNAMED } from './bounded-name.ts';
import { declaredStages } from './declared-stages.ts';
import {
  ENVELOPE_VERSION,
  type EnvelopeBegin,
  type EnvelopeRun,
  type EnvelopeStage,
  type JobEnvelope,
  type RunEnvelope,
  type StageEnvelope,
  envelopeRun,
  ownEnvelopeRun,
} from './envelope.ts';
import { FieldBag } from './field-bag.ts';
import { Flags } from './flags.ts';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { readEnvelope } from './read-envelope.ts';
import { readOptions } from './read-options.ts';
import { rootSpanContext } from './run-span.ts';
import { type RunningScope, activeRunningScope } from './scope.ts';
import { isSpread, stageSpanContext } from './spread-stage.ts';
import { traceparentOf } from './traceparent.ts';

/** What a job that is going to be enqueued carries. */
export interface CreateJobOptions {
  /** Name of the job, as its span and its log lines show it (`ocr_page_job`). */
  readonly name: string;
  /** The run that it belongs to. Default: that of `stage`, else the run around the call. */
  readonly run?: RunEnvelope | JobEnvelope;
  /** The stage that it runs, by name; or the stage that it is a part of, as `beginStage` gave it. Default: none. */
  readonly stage?: string | StageEnvelope | EnvelopeStage;
  /** The job that created this one. Default: the job around the call. */
  readonly parentJobId?: string;
  /** Makes a template, for a job that is repeated: each time it runs, it begins such a run, which `endRun` ends. */
  readonly begin?: {
    readonly pipeline: string;
    readonly subdomain?: string;
    readonly client?: string;
    readonly stages?: readonly string[];
    readonly source?: string;
    readonly attributes?: Readonly<Record<string, unknown>>;
  };
}

/**
 * Makes what a queued job carries about its run, to be put into the job's payload as it is. Inside a job, the new one is its
 * child (`parent_job_id`). Outside any run and without `run` it makes a template that carries none: each time the job runs,
 * a run of its own begins. Never throws.
 */
export function createJob(options: CreateJobOptions): JobEnvelope {
  return guarded<JobEnvelope>('the making of a job', () => envelopeOf(options), {
    version: ENVELOPE_VERSION,
    name: UNNAMED,
    enqueued_at: Date.now(),
  });
}

function envelopeOf(given: CreateJobOptions): JobEnvelope {
  const flags = new Flags();
  const options = readOptions(given, flags);
  const scope = activeRunningScope();
  const name = boundedName(options.name, flags) ?? UNNAMED;
  const enqueued = { version: ENVELOPE_VERSION, name, enqueued_at: Date.now() };
  const stage = stageOf(options.stage, flags);
  if (options.begin !== undefined) {
    return { ...enqueued, begin: beginOf(options.begin, flags), ...(stage && { stage }) };
  }
  const owner = ownerOf(options, scope);
  if (owner === undefined) {
    reportOnce(
      'template',
      `createJob was called outside any run (${name}): each time the job runs, it makes a run of its own`,
    );
    return { ...enqueued, ...(stage && { stage }) };
  }
  const { run, identity } = owner;
  const parentJobId = boundedName(options.parentJobId, flags) ?? scope?.job?.jobId;
  const jobAround = scope?.run.runId === identity.runId ? scope.runState.job : undefined;
  const parent = isSpread(stage)
    ? stageSpanContext(identity, stage)
    : (jobAround?.spanContext ?? rootSpanContext(identity));
  return {
    // What is the job's own stands first: see `envelopeParts`.
    ...enqueued,
    ...(parentJobId !== undefined && { parent_job_id: parentJobId }),
    traceparent: traceparentOf(parent),
    run: ownEnvelopeRun(run),
    ...(stage && { stage }),
  };
}

function stageOf(
  given: string | StageEnvelope | EnvelopeStage | undefined,
  flags: Flags,
): EnvelopeStage | undefined {
  if (typeof given === 'object' && given !== null) return 'stage' in given ? given.stage : given;
  const name = boundedName(given, flags);
  return name === undefined ? undefined : { name, occurrence: 1, attempt: 1 };
}

function ownerOf(
  { run, stage }: Partial<CreateJobOptions>,
  scope: RunningScope | undefined,
): { readonly run: EnvelopeRun; readonly identity: RunIdentity } | undefined {
  const given = run ?? (typeof stage === 'object' && 'run' in stage ? stage : undefined);
  const read = given && guarded('the run of a job', () => readEnvelope(given), undefined);
  if (read !== undefined) return { run: read.carried, identity: read.identity };
  if (scope === undefined) return undefined;
  return { run: scope.runState.carried ?? envelopeRun(scope.run), identity: scope.run };
}

function beginOf(given: NonNullable<CreateJobOptions['begin']>, flags: Flags): EnvelopeBegin {
  const begin = readOptions(given, flags);
  const fields = new FieldBag(flags);
  fields.addAll(begin.attributes);
  const subdomain = boundedName(begin.subdomain, flags);
  const client = boundedName(begin.client, flags);
  const source = boundedName(begin.source, flags);
  return {
    pipeline: boundedName(begin.pipeline, flags) ?? UNNAMED,
    ...(subdomain !== undefined && { subdomain }),
    ...(client !== undefined && { client }),
    ...(begin.stages !== undefined && { stages: declaredStages(begin.stages, flags) }),
    ...(source !== undefined && { source }),
    ...(Object.keys(fields.values).length > 0 && { attributes: fields.values }),
  };
}
