import { isSpanContextValid, trace } from '@opentelemetry/api';
import { ATTR_STAGE } from '@milepost/semconv';
import {
  ENVELOPE_VERSION,
  type EnvelopeStage,
  type RunEnvelope,
  envelopeJob,
  envelopeRun,
  envelopeStage,
} from './envelope.ts';
import { rootSpanContext } from './run-span.ts';
import { type RunningScope, activeContext, activeRunningScope } from './scope.ts';
import { traceparentOf } from './traceparent.ts';

/** The envelope of the run around the call, undefined outside any run. */
export function currentEnvelope(): RunEnvelope | undefined {
  const scope = activeRunningScope();
  if (scope === undefined) return undefined;
  const { run, job, runState } = scope;
  const stage = stageAround(scope);
  const active = trace.getSpanContext(activeContext());
  return {
    version: ENVELOPE_VERSION,
    run: runState.carried ?? envelopeRun(run),
    ...(stage && { stage }),
    ...(job && { job: envelopeJob(job) }),
    traceparent: traceparentOf(
      active !== undefined && isSpanContextValid(active) ? active : rootSpanContext(run),
    ),
  };
}

/** The stage around, also where only the job or the parent process knows of it. */
function stageAround({ stage, runState, attributes }: RunningScope): EnvelopeStage | undefined {
  if (stage !== undefined) return envelopeStage(stage);
  const name = attributes[ATTR_STAGE];
  return (
    runState.job?.stage ??
    (typeof name === 'string' ? { name, occurrence: 1, attempt: 1 } : undefined)
  );
}
