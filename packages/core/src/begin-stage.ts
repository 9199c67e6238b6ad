import { FLAG_VALUE_NAME_REPLACED } from '@milepost/semconv';
import { beginRun } from './begin-run.ts';
import { UNNAMED, boundedName } from './bounded-name.ts';
import { type StageDefinition } from './define-stage.ts';
import {
  ENVELOPE_VERSION,
  type EnvelopeRun,
  type EnvelopeStage,
  type JobEnvelope,
  type RunEnvelope,
  type StageEnvelope,
  envelopeRun,
  ownEnvelopeRun,
} from './envelope.ts';
import { checkFields } from './fields-schema.ts';
import { Flags } from './flags.ts';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { nextOccurrence } from './next-occurrence.ts';
import { positiveInteger } from './positive-integer.ts';
import { readEnvelope } from './read-envelope.ts';
import { readOptions } from './read-options.ts';
import { runMemory } from './run-memory.ts';
import { type RunningScope, activeRunningScope } from './scope.ts';
import { startSpreadStage } from './spread-signals.ts';
import { spreadExecutionId, stageSpanContext } from './spread-stage.ts';
import { StageNotes } from './stage-notes.ts';
import { traceparentOf } from './traceparent.ts';

/** What can be said about a stage that is spread over jobs. */
export interface BeginStageOptions {
  /** The run that it belongs to. Default: the run around the call. */
  readonly run?: RunEnvelope | JobEnvelope;
  /** Fields of the stage's span, logs and record. Default: none. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** The stage's `config`. Default: none. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** How many jobs it is going to be spread over. Default: unknown. */
  readonly expected?: number;
  /**
   * Which time a stage of this name begins in its run, from 1 on. Default: counted within the job, or the process. To be given
   * where several jobs of a run begin stages of one name.
   */
  readonly occurrence?: number;
  /** Which try of that occurrence this is, from 1 on. Default: the try of the job around the call. */
  readonly attempt?: number;
  /** How often the stage is expected to run, in seconds. Default: unknown. */
  readonly expectedIntervalSeconds?: number;
}

/**
 * Begins a stage that is spread over jobs: it stays open until somebody calls {@link endStage}, in whatever process. Gives
 * back plain data to pass on to {@link createJob}. The start is logged and recorded now; the span is made at the end, a child
 * of the run's root, with the time of the beginning. In a job that is tried again it is the next attempt of the same
 * occurrence. Never throws.
 */
export function beginStage(
  stage: string | StageDefinition,
  options: BeginStageOptions = {},
): StageEnvelope {
  return guarded<StageEnvelope>('the start of a stage', () => begin(stage, options), {
    version: ENVELOPE_VERSION,
    run: { id: '', attempt: 1, pipeline: UNNAMED, started_at: Date.now() },
    stage: { name: UNNAMED, occurrence: 1, attempt: 1 },
  });
}

function begin(stage: string | StageDefinition, given: BeginStageOptions): StageEnvelope {
  const flags = new Flags();
  const options = readOptions(given, flags);
  const scope = activeRunningScope();
  const definition = typeof stage === 'object' && stage !== null ? stage : undefined;
  const name = boundedName(definition === undefined ? stage : definition.name, flags) ?? UNNAMED;
  if (name === UNNAMED) flags.add(FLAG_VALUE_NAME_REPLACED);
  const { run, carried } = ownerOf(options, scope, name);
  const notes = new StageNotes(flags);
  notes.addAttributes(options.attributes);
  if (options.config !== undefined) notes.setConfig(options.config);
  if (definition) checkFields(`config of ${name}`, definition.config, notes.config ?? {}, flags);
  const place = { name, ...placeOf(name, options, run, scope) };
  const begun: EnvelopeStage = {
    ...place,
    execution_id: spreadExecutionId(run, place),
    started_at: Date.now(),
    ...(scope?.stage && { parent_execution_id: scope.stage.executionId }),
    ...(Object.keys(notes.fields).length > 0 && { attributes: notes.fields }),
    ...expectedOf(options.expected),
  };
  startSpreadStage({
    run,
    carried,
    stage: begun,
    job: scope?.job,
    flags,
    config: notes.config,
    expectedIntervalSeconds: options.expectedIntervalSeconds,
  });
  return {
    version: ENVELOPE_VERSION,
    run: ownEnvelopeRun(carried),
    stage: begun,
    traceparent: traceparentOf(stageSpanContext(run, begun)),
  };
}

interface StageOwner {
  readonly run: RunIdentity;
  readonly carried: EnvelopeRun;
}

function ownerOf(
  { run: given }: Partial<BeginStageOptions>,
  scope: RunningScope | undefined,
  name: string,
): StageOwner {
  const read = given && guarded('the run of a stage', () => readEnvelope(given), undefined);
  if (read !== undefined) return { run: read.identity, carried: read.carried };
  if (scope !== undefined) {
    return { run: scope.run, carried: scope.runState.carried ?? envelopeRun(scope.run) };
  }
  reportOnce(
    'beginStage',
    `beginStage was called outside any run (${name}): a run was begun for it, which endRun ends`,
  );
  const { identity, carried } = readEnvelope(beginRun({ pipeline: name }));
  return { run: identity, carried };
}

function placeOf(
  name: string,
  options: Partial<BeginStageOptions>,
  run: RunIdentity,
  scope: RunningScope | undefined,
): Pick<EnvelopeStage, 'occurrence' | 'attempt'> {
  const isAround = scope?.run.runId === run.runId;
  const { occurrences } = isAround ? scope.runState : runMemory(run);
  const attempt = positiveInteger(options.attempt);
  const occurrence =
    positiveInteger(options.occurrence) ?? nextOccurrence(occurrences, name, attempt ?? 1);
  return { occurrence, attempt: attempt ?? (isAround ? scope.job?.attempt : undefined) ?? 1 };
}

function expectedOf(given: unknown): Pick<EnvelopeStage, 'expected'> {
  return typeof given === 'number' && Number.isSafeInteger(given) && given >= 0
    ? { expected: given }
    : {};
}
