import { type NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { MilepostIdGenerator } from './id-generator.ts';
import { milepostViews } from './metric-views.ts';
import { resourceDetectors } from './resource.ts';
import { samplerFromEnv } from './sampler-from-env.ts';
import { MilepostSampler } from './sampler.ts';
import { type TelemetryOptions } from './telemetry-options.ts';
import { type TelemetryPipelines } from './telemetry-pipelines.ts';

/** The configuration of the NodeSDK. What is left out, the SDK reads from the environment itself. */
export function sdkConfiguration(
  options: TelemetryOptions,
  pipelines: TelemetryPipelines,
): Partial<NodeSDKConfiguration> {
  const { spanProcessors, logRecordProcessors, metricReaders } = pipelines;
  return {
    idGenerator: new MilepostIdGenerator(),
    sampler: new MilepostSampler(options.sampler ?? samplerFromEnv()),
    resourceDetectors: resourceDetectors(
      options.resourceDetectors,
      options.resourceAttributes ?? {},
    ),
    spanProcessors,
    metricReaders,
    views: [...milepostViews(options.metricAttributes), ...(options.views ?? [])],
    // An empty list would register a logger provider that takes no records.
    ...(logRecordProcessors.length > 0 && { logRecordProcessors }),
    ...(options.serviceName !== undefined && { serviceName: options.serviceName }),
    ...(options.spanLimits !== undefined && { spanLimits: options.spanLimits }),
    ...(options.instrumentations !== undefined && { instrumentations: options.instrumentations }),
  };
}
