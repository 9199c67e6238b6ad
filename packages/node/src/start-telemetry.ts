import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { diagLogLevelFromString, getBooleanFromEnv, getStringFromEnv } from '@opentelemetry/core';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { consoleFormat } from './console-format.ts';
import { telemetrySlot } from './current-telemetry.ts';
import {
  globalProviders,
  hasTracerProvider,
  unregisterContext,
  unregisterProvidersSince,
} from './global-providers.ts';
import { atNaturalEnd } from './natural-end.ts';
import { RunningTelemetry } from './running-telemetry.ts';
import { sdkConfiguration } from './sdk-configuration.ts';
import { TelemetryError } from './telemetry-error.ts';
import { type TelemetryOptions } from './telemetry-options.ts';
import { telemetryPipelines } from './telemetry-pipelines.ts';
import { type Telemetry } from './telemetry.ts';

const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * Starts OpenTelemetry's NodeSDK set up for pipelines: runs get their own trace and span IDs, are sampled whole and
 * recorded in the registry, and other instrumentation below a stage is stamped with its run. Every `OTEL_*` variable
 * means what it means to a `NodeSDK`. The SDK is registered before the call returns; the promise is for what a start
 * may have to wait for.
 * @throws TelemetryError `MILEPOST_TELEMETRY_RUNNING` while another telemetry runs in this process,
 * `MILEPOST_SDK_REGISTERED` where another SDK is registered, `MILEPOST_CONSOLE_FORMAT`
 */
export async function startTelemetry(options: TelemetryOptions = {}): Promise<Telemetry> {
  const format = consoleFormat(options.console);
  const slot = refuseSecond();

  // The SDK sets the same logger, but only after the variables have been read here.
  const logLevel = getStringFromEnv('OTEL_LOG_LEVEL');
  if (logLevel !== undefined) {
    diag.setLogger(new DiagConsoleLogger(), {
      logLevel: diagLogLevelFromString(logLevel) ?? DiagLogLevel.INFO,
    });
  }
  const isDisabled = getBooleanFromEnv('OTEL_SDK_DISABLED');
  const pipelines = telemetryPipelines(options, format, isDisabled);
  const configuration = sdkConfiguration(options, pipelines);
  if (logLevel !== undefined) diag.disable();

  if (slot.leftContext) unregisterContext();
  const before = globalProviders();
  const sdk = new NodeSDK(configuration);
  sdk.start();

  const telemetry = new RunningTelemetry({
    ...pipelines.signals,
    connections: pipelines.connections,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    say: (line) => {
      if (options.quiet !== true) process.stderr.write(`${line}\n`);
    },
    stop: () =>
      Promise.allSettled([...pipelines.outlets.map((outlet) => outlet.shutdown()), sdk.shutdown()]),
    release: () => {
      forgetEnd();
      unregisterProvidersSince(before);
      slot.telemetry = undefined;
      slot.leftContext = !isDisabled;
    },
  });
  const forgetEnd = atNaturalEnd({
    run: () => telemetry.flushAtEnd(),
    isNeeded: () => telemetry.hasUnsent,
  });
  slot.telemetry = telemetry;
  return telemetry;
}

function refuseSecond(): ReturnType<typeof telemetrySlot> {
  const slot = telemetrySlot();
  if (slot.telemetry !== undefined) {
    throw new TelemetryError(
      'MILEPOST_TELEMETRY_RUNNING',
      'telemetry has been started in this process already, by startTelemetry or @milepost/node/register: ' +
        'use currentTelemetry(), or shut that one down first',
    );
  }
  if (hasTracerProvider()) {
    throw new TelemetryError(
      'MILEPOST_SDK_REGISTERED',
      'an OpenTelemetry SDK is registered in this process already: ' +
        'put the parts of @milepost/node into its configuration, as its README shows',
    );
  }
  return slot;
}
