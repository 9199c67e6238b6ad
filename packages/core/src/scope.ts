import { type Attributes, type Context, ROOT_CONTEXT, context, createContextKey } from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';
import { globalState } from './global-state.ts';
import { type JobIdentity, type RunIdentity, type StageIdentity } from './identity.ts';

/** Where in which run the code of a context runs. */
export interface Scope {
  readonly run: RunIdentity;
  readonly stage: StageIdentity | undefined;
  readonly job: JobIdentity | undefined;
  readonly itemId: string | undefined;
  /** The attributes that every span and log record below carries (`run.id`, `pipeline`, `stage`, ...). */
  readonly attributes: Attributes;
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
  const value = from.getValue(SCOPE_KEY);
  // Under this key only `contextWithScope` writes.
  return value as Scope | undefined;
}

/** The scope of the active context. */
export function activeScope(): Scope | undefined {
  return scopeOf(activeContext());
}

/** A context whose code runs in that scope. */
export function contextWithScope(parent: Context, scope: Scope): Context {
  return parent.setValue(SCOPE_KEY, scope);
}

/** Marks the context that is given to `startSpan` (never the one that a user's function runs in) as our own. */
export function contextOfOwnSpan(parent: Context): Context {
  return parent.setValue(OWN_SPAN_KEY, true);
}

/** Whether the span that is started with this context is one of core's own: the lifecycle feed tells of it already. */
export function isOwnSpan(parentContext: Context): boolean {
  return parentContext.getValue(OWN_SPAN_KEY) === true;
}
