import { type SpanContext, TraceFlags } from '@opentelemetry/api';
import { stageSpanId } from '@milepost/run-id';
import { type EnvelopeStage } from './envelope.ts';
import { type JobIdentity, type RunIdentity, type StageIdentity } from './identity.ts';

/** Whether a stage of an envelope is one of `beginStage`, whose span follows from its coordinates. */
export function isSpread(stage: EnvelopeStage | undefined): stage is EnvelopeStage {
  return stage?.started_at !== undefined;
}

/** The span context of a spread stage, as it follows from its run and its coordinates. */
export function stageSpanContext(run: RunIdentity, stage: EnvelopeStage): SpanContext {
  const { name, occurrence, attempt } = stage;
  return {
    traceId: run.traceId,
    spanId: stageSpanId(run.runId, name, { runAttempt: run.attempt, occurrence, attempt }),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}

/** The ID of the execution of a spread stage: that of its span, so that all who know its coordinates know it. */
export function spreadExecutionId(run: RunIdentity, stage: EnvelopeStage): string {
  return stageSpanContext(run, stage).spanId;
}

/** A spread stage as its envelope tells it. */
export function spreadIdentity(
  run: RunIdentity,
  stage: EnvelopeStage,
  job: JobIdentity | undefined,
): StageIdentity {
  return {
    run,
    name: stage.name,
    occurrence: stage.occurrence,
    attempt: stage.attempt,
    executionId: spreadExecutionId(run, stage),
    parentExecutionId: stage.parent_execution_id,
    spread: true,
    job,
  };
}
