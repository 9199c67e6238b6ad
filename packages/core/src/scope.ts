import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type SpanContext,
  context,
  createContextKey,
} from '@opentelemetry/api';
import { type EnvelopeStage } from './envelope.ts';
import { globalState } from './global-state.ts';
import { type JobIdentity, type RunIdentity, type StageIdentity } from './identity.ts';
import { type Job } from './job.ts';
import { OverlayContext } from './overlay-context.ts';
import { type RunState } from './run-state.ts';
import { type ScopeStage } from './scope-stage.ts';
import { type StageOptions } from './stage-options.ts';

/** Where in which run the code of a context runs. */
export interface Scope {
  readonly run: RunIdentity;
  readonly stage: StageIdentity | undefined;
  readonly job: JobIdentity | undefined;
  readonly itemId: string | undefined;
  /** The attributes that every span and log record below carries (`run.id`, `pipeline`, `stage`, ...). */
  readonly attributes: Attributes;
}

/** A running job, as what runs in it sees it. */
export interface ScopeJob extends Job {
  /** The stage that it runs, or is a part of. */
  readonly stage: EnvelopeStage | undefined;
  /** Whether the queue is going to run the job again if it fails. */
  readonly willRetry: StageOptions['willRetry'];
  /** The span context that the jobs it creates hang under. */
  readonly spanContext: SpanContext;
  /** Does something after the end of the job, its span and its logs. */
  defer(end: () => void): void;
}

/** A scope as core itself sees it: with what goes on in it. */
export interface RunningScope extends Scope {
  readonly runState: RunState;
  readonly stageExecution: ScopeStage | undefined;
}

const SCOPE_KEY = createContextKey('@milepost/core scope');
const OWN_SPAN_KEY = createContextKey('@milepost/core own span');

// Carries the context where no SDK has registered a context manager.
const fallback = globalState('context', () => new AsyncLocalStorage<Context>());

/** The active context: OpenTelemetry's, or our own where no context manager is registered. */
export function activeContext(): Context {
  const active = context.active();
  return active === ROOT_CONTEXT ? (fallback.getStore() ?? active) : active;
}

/** Runs `fn` with a context active, with or without a registered context manager. */
export function withContext<T>(target: Context, fn: () => T): T {
  return context.with(target, () =>
    context.active() === target ? fn() : fallback.run(target, fn),
  );
}

/** The scope of a context, if its code runs below a run. */
export function scopeOf(from: Context): Scope | undefined {
  return runningScopeOf(from);
}

/** The scope of a context with what goes on in it. */
export function runningScopeOf(from: Context): RunningScope | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `contextWithScope` writes under this key
  return from.getValue(SCOPE_KEY) as RunningScope | undefined;
}

/** The scope of the active context. */
export function activeScope(): Scope | undefined {
  return runningScopeOf(activeContext());
}

/** The scope of the active context with what goes on in it. */
export function activeRunningScope(): RunningScope | undefined {
  return runningScopeOf(activeContext());
}

/** A context whose code runs in that scope. */
export function contextWithScope(parent: Context, scope: RunningScope): Context {
  return new OverlayContext(parent, SCOPE_KEY, scope);
}

/** Marks the context that is given to `startSpan` (never the one that a user's function runs in) as our own. */
export function contextOfOwnSpan(parent: Context): Context {
  return new OverlayContext(parent, OWN_SPAN_KEY, true);
}

/** Whether the span that is started with this context is one of core's own: the lifecycle feed tells of it already. */
export function isOwnSpan(parentContext: Context): boolean {
  return parentContext.getValue(OWN_SPAN_KEY) === true;
}
