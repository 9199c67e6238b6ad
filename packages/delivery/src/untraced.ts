import { type Context, ROOT_CONTEXT, context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

const UNTRACED: Context = suppressTracing(ROOT_CONTEXT);

/** Runs work of the delivery outside the user's context, and untraced: sending telemetry makes no telemetry. */
export function untraced<T>(work: () => T): T {
  return context.with(UNTRACED, work);
}
