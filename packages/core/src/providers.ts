import {
  type Logger,
  type Meter,
  type MeterProvider,
  ProxyTracerProvider,
  type Tracer,
  type TracerProvider,
  logs,
  metrics,
  trace,
} from '@opentelemetry/api';
import { SCOPE_NAME } from '@milepost/semconv';
import { VERSION } from './version.ts';

// Everything here is looked up again whenever the global provider changed: an SDK may be registered late, or again.

// The API has no other way to tell that nothing is registered, and cannot drop it before 2.0.
/* oxlint-disable typescript/no-deprecated */
const NOOP_TRACER_PROVIDER = new ProxyTracerProvider().getDelegate();

function delegateOf(provider: TracerProvider): TracerProvider {
  return provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
}
/* oxlint-enable typescript/no-deprecated */

let tracerProvider: TracerProvider | undefined;
let tracer: Tracer | undefined;
let loggerProvider: unknown;
let logger: Logger | undefined;

/** The tracer provider in use, or undefined where no SDK is registered. */
export function currentTracerProvider(): TracerProvider | undefined {
  const provider = delegateOf(trace.getTracerProvider());
  return provider === NOOP_TRACER_PROVIDER ? undefined : provider;
}

/** Milepost's tracer, or undefined where no SDK is registered. */
export function currentTracer(): Tracer | undefined {
  const provider = currentTracerProvider();
  if (provider !== tracerProvider) {
    tracerProvider = provider;
    tracer = provider?.getTracer(SCOPE_NAME, VERSION);
  }
  return tracer;
}

/** Milepost's logger, or undefined where nobody takes its records. */
export function currentLogger(): Logger | undefined {
  const provider = logs.getLoggerProvider();
  if (provider !== loggerProvider) {
    loggerProvider = provider;
    const given = provider.getLogger(SCOPE_NAME, VERSION);
    logger = given.enabled() ? given : undefined;
  }
  return logger;
}

/** The meter provider in use; a no-op one where no SDK is registered. */
export function currentMeterProvider(): MeterProvider {
  return metrics.getMeterProvider();
}

/** Milepost's meter of a provider. */
export function meterOf(provider: MeterProvider): Meter {
  return provider.getMeter(SCOPE_NAME, VERSION);
}
