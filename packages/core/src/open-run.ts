import { type Context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { type EnvelopeRun } from './envelope.ts';
import { type RunIdentity } from './identity.ts';
import { runScopeAttributes } from './run-signals.ts';
import { rootSpanContext } from './run-span.ts';
import { newRunState } from './run-state.ts';
import { contextWithScope } from './scope.ts';
import { itemSpansOf } from './start-run.ts';

/** A context of a run that is open, where no function of it runs: what its own signals belong to. */
export function openRunContext(run: RunIdentity, carried?: EnvelopeRun): Context {
  const inRun = contextWithScope(ROOT_CONTEXT, {
    run,
    stage: undefined,
    job: undefined,
    itemId: undefined,
    attributes: runScopeAttributes(run),
    runState: newRunState({
      itemSpans: itemSpansOf(carried?.item_spans),
      classify: undefined,
      signal: undefined,
      carried,
    }),
    stageExecution: undefined,
  });
  return trace.setSpanContext(inRun, rootSpanContext(run));
}
