import {
  ProxyTracerProvider,
  type TracerProvider,
  context,
  logs,
  metrics,
  propagation,
  trace,
} from '@opentelemetry/api';

// The API has no other way to tell whether an SDK is registered.
/* oxlint-disable typescript/no-deprecated */
const NO_TRACER_PROVIDER = new ProxyTracerProvider().getDelegate();

/** What is registered with the API of this process. */
export interface GlobalProviders {
  readonly tracer: TracerProvider;
  readonly logger: unknown;
  readonly meter: unknown;
}

/** What is registered now. */
export function globalProviders(): GlobalProviders {
  const provider = trace.getTracerProvider();
  return {
    tracer: provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider,
    logger: logs.getLoggerProvider(),
    meter: metrics.getMeterProvider(),
  };
}

/** Whether an SDK has registered itself for traces. */
export function hasTracerProvider(): boolean {
  return globalProviders().tracer !== NO_TRACER_PROVIDER;
}

/** Takes away again what was registered since `before`, so that an SDK can be registered anew. */
export function unregisterProvidersSince(before: GlobalProviders): void {
  const now = globalProviders();
  if (now.tracer !== before.tracer) trace.disable();
  if (now.logger !== before.logger) logs.disable();
  if (now.meter !== before.meter) metrics.disable();
}

/** Takes the context manager and the propagator away, which a shutdown leaves: code may still run in a context. */
export function unregisterContext(): void {
  context.disable();
  propagation.disable();
}
