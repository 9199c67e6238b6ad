import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type RunIdentity } from './identity.ts';
import { rootSpanContext } from './run-span.ts';
import { activeContext, activeScope } from './scope.ts';

/** Version of the envelope that this package writes, and the latest that it reads. */
export const ENVELOPE_VERSION = 1;

/** A run as another process, or a job's payload, carries it: see `jobEnvelopeSchema` of `@milepost/semconv/schemas`. */
export interface RunEnvelope {
  readonly version: number;
  readonly run: {
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
  };
  readonly stage?: {
    readonly name: string;
    readonly occurrence: number;
    readonly attempt: number;
    readonly execution_id?: string;
  };
  readonly traceparent?: string;
}

/** The envelope of the run around the call, undefined outside any run. */
export function currentEnvelope(): RunEnvelope | undefined {
  const scope = activeScope();
  if (scope === undefined) return undefined;
  const { run, stage } = scope;
  return {
    version: ENVELOPE_VERSION,
    run: {
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
    },
    ...(stage && {
      stage: {
        name: stage.name,
        occurrence: stage.occurrence,
        attempt: stage.attempt,
        execution_id: stage.executionId,
      },
    }),
    traceparent: traceparent(run),
  };
}

function traceparent(run: RunIdentity): string {
  const active = trace.getSpanContext(activeContext());
  const parent = active !== undefined && isSpanContextValid(active) ? active : rootSpanContext(run);
  return `00-${parent.traceId}-${parent.spanId}-${(parent.traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}
