import { isSpanContextValid, trace } from '@opentelemetry/api';
import { ENVELOPE_VERSION, type RunEnvelope, envelopeRun, envelopeStage } from './envelope.ts';
import { rootSpanContext } from './run-span.ts';
import { activeContext, activeRunningScope } from './scope.ts';
import { traceparentOf } from './traceparent.ts';

/** The envelope of the run around the call, undefined outside any run. */
export function currentEnvelope(): RunEnvelope | undefined {
  const scope = activeRunningScope();
  if (scope === undefined) return undefined;
  const { run, stage, runState } = scope;
  const active = trace.getSpanContext(activeContext());
  return {
    version: ENVELOPE_VERSION,
    run: runState.carried ?? envelopeRun(run),
    ...(stage && { stage: envelopeStage(stage) }),
    traceparent: traceparentOf(
      active !== undefined && isSpanContextValid(active) ? active : rootSpanContext(run),
    ),
  };
}
