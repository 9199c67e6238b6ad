import { DiagConsoleLogger, DiagLogLevel, diag, metrics } from '@opentelemetry/api';
import { diagLogLevelFromString, getBooleanFromEnv, getStringFromEnv } from '@opentelemetry/core';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { observeLoss, observeSpool } from '@milepost/delivery';
import { SCOPE_NAME } from '@milepost/semconv';
import { checkOptions } from './check-options.ts';
import { consoleFormat } from './console-format.ts';
import { telemetrySlot } from './current-telemetry.ts';
import { wrongEnvironmentRunId } from './environment-run-id.ts';
import {
  globalProviders,
  hasTracerProvider,
  unregisterContext,
  unregisterProvidersSince,
} from './global-providers.ts';
import { harmlessText } from './harmless-text.ts';
import { atNaturalEnd } from './natural-end.ts';
import { watchProcessEnds } from './process-ends.ts';
import { RegistryLoss } from './registry-loss.ts';
import { RegistryReports } from './registry-reports.ts';
import { RunningTelemetry } from './running-telemetry.ts';
import { say } from './say.ts';
import { sdkConfiguration } from './sdk-configuration.ts';
import { type Part, shutDownAll, wholeSdk } from './shut-down-all.ts';
import { TelemetryError } from './telemetry-error.ts';
import { type TelemetryOptions } from './telemetry-options.ts';
import { type TelemetryPipelines, telemetryPipelines } from './telemetry-pipelines.ts';
import { type Telemetry } from './telemetry.ts';
import { watchClosedRegistry } from './watch-closed-registry.ts';
import { watchMilestones } from './watch-milestones.ts';

const DEFAULT_FLUSH_TIMEOUT_MS = 5_000;
const DEFAULT_SHUTDOWN_TIMEOUT_MS = 1_000;
/** Less than the second that an end may take: what is between the last look at the clock and the end takes time too. */
const END_TIMEOUT_MS = 900;
/** Most characters of a line on what is wrong from the start. */
const MAX_WRONG = 300;

/**
 * Starts OpenTelemetry's NodeSDK set up for pipelines: runs get their own trace and span IDs, are sampled whole and
 * recorded in the registry, and other instrumentation below a stage is stamped with its run. Every `OTEL_*` variable
 * means what it means to a `NodeSDK`. The SDK is registered before the call returns; the promise is for what a start
 * may have to wait for. A start that fails leaves nothing behind.
 * @throws TelemetryError `MILEPOST_TELEMETRY_RUNNING` while another telemetry runs in this process,
 * `MILEPOST_SDK_REGISTERED` where another SDK is registered, `MILEPOST_TELEMETRY_OPTIONS`, `MILEPOST_CONSOLE_FORMAT`
 */
export async function startTelemetry(options: TelemetryOptions = {}): Promise<Telemetry> {
  checkOptions(options);
  const format = consoleFormat(options.console);
  const slot = refuseSecond();
  const isDisabled = getBooleanFromEnv('OTEL_SDK_DISABLED');
  const pipelines = withDiagFromEnv(() => telemetryPipelines(options, format, isDisabled));

  if (slot.leftContext) unregisterContext();
  const before = globalProviders();
  const { sdk, error } = startSdk(options, pipelines);
  const { delivery, promptMetrics } = pipelines;
  const registryLoss = options.registry && new RegistryLoss(options.registry);
  const unwatchLoss =
    error === undefined && (delivery !== undefined || registryLoss !== undefined)
      ? observeLoss(metrics.getMeter(SCOPE_NAME), {
          report: () => ({ ...delivery?.report(), ...registryLoss?.report() }),
        })
      : () => undefined;
  const unwatchSpool =
    error === undefined && delivery?.spoolDirectory !== undefined
      ? observeSpool(metrics.getMeter(SCOPE_NAME), delivery)
      : () => undefined;
  const unwatchRegistry = options.registry && watchClosedRegistry(options.registry);
  const stop = (): Promise<void> => {
    // The flush before told of every loss, and of what waits.
    unwatchLoss();
    unwatchSpool();
    unwatchRegistry?.();
    return shutDownAll([...pipelines.outlets, sdk]);
  };
  const release = (): void => {
    unregisterProvidersSince(before);
    slot.telemetry = undefined;
    slot.leftContext = !isDisabled;
  };
  if (error !== undefined) {
    delivery?.beginEnd();
    await stop();
    await delivery?.shutdown({ timeoutMs: 0 });
    release();
    throw error.reason;
  }

  const unwatchMilestones =
    promptMetrics.length === 0
      ? undefined
      : watchMilestones(() => {
          for (const metric of promptMetrics) metric.collectSoon();
        });
  const tell = options.quiet === true ? () => undefined : say;
  const telemetry = new RunningTelemetry({
    signals: pipelines.signals,
    delivery,
    registryLoss,
    registryReports: options.registry && new RegistryReports(options.registry),
    flushTimeoutMs: options.timeoutMs ?? DEFAULT_FLUSH_TIMEOUT_MS,
    shutdownTimeoutMs: options.timeoutMs ?? DEFAULT_SHUTDOWN_TIMEOUT_MS,
    endTimeoutMs: Math.min(options.timeoutMs ?? END_TIMEOUT_MS, END_TIMEOUT_MS),
    say: tell,
    stop,
    release: () => {
      forgetNaturalEnd();
      unwatchEnds();
      unwatchMilestones?.();
      release();
    },
  });
  const forgetNaturalEnd = atNaturalEnd({
    run: () => telemetry.flushAtNaturalEnd(),
    isNeeded: () => telemetry.hasUnsent,
  });
  const unwatchEnds = watchProcessEnds({
    end: (ending) => telemetry.end(ending),
    precaution: () => telemetry.handOver(),
    signals: options.signals,
  });
  slot.telemetry = telemetry;
  // One will do: mostly all signals have the same.
  const [unsendable] = await pipelines.ready();
  for (const wrong of [wrongEnvironmentRunId(), unsendable]) {
    if (wrong !== undefined) tell(`milepost: ${harmlessText(wrong, MAX_WRONG)}`);
  }
  return telemetry;
}

/** Starts the SDK. Gives the error of a start that failed together with what has to be shut down all the same. */
function startSdk(
  options: TelemetryOptions,
  pipelines: TelemetryPipelines,
): { readonly sdk: Part; readonly error?: { readonly reason: unknown } } {
  const parts = [...pipelines.logRecordProcessors, ...pipelines.metricReaders];
  let sdk: NodeSDK | undefined;
  try {
    sdk = new NodeSDK(withDiagFromEnv(() => sdkConfiguration(options, pipelines)));
    sdk.start();
    return { sdk: wholeSdk(sdk, parts) };
  } catch (reason) {
    const made = sdk === undefined ? parts : [sdk, ...parts];
    return { sdk: { shutdown: () => shutDownAll(made) }, error: { reason } };
  }
}

/** Runs something with the logger that `OTEL_LOG_LEVEL` asks for: the SDK sets the same one, but only when it is made. */
function withDiagFromEnv<T>(fn: () => T): T {
  const logLevel = getStringFromEnv('OTEL_LOG_LEVEL');
  if (logLevel === undefined) return fn();
  diag.setLogger(new DiagConsoleLogger(), {
    logLevel: diagLogLevelFromString(logLevel) ?? DiagLogLevel.INFO,
  });
  try {
    return fn();
  } finally {
    diag.disable();
  }
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
