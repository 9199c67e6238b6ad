import { hostname } from 'node:os';
import { type Attributes, diag } from '@opentelemetry/api';
import { getStringListFromEnv } from '@opentelemetry/core';
import {
  type ResourceDetector,
  hostDetector,
  osDetector,
  processDetector,
  resourceAttributesEnvDetector,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';

/** The resource detectors that can be asked for by name, as in `OTEL_NODE_RESOURCE_DETECTORS`. */
export const RESOURCE_DETECTOR_NAMES = ['env', 'host', 'os', 'process', 'serviceinstance'] as const;
/** Name of a resource detector: `process` adds the command line and its owner, `host` the ID of the machine. */
export type ResourceDetectorName = (typeof RESOURCE_DETECTOR_NAMES)[number];

/** What tells which process on which machine: enough to find it, and nothing that does not belong on every log line. */
const originDetector: ResourceDetector = {
  detect: () => ({ attributes: { 'host.name': hostname(), 'process.pid': process.pid } }),
};

const DETECTORS: Readonly<Record<ResourceDetectorName, readonly ResourceDetector[]>> = {
  // The service's own variable wins over `service.name` in OTEL_RESOURCE_ATTRIBUTES.
  env: [resourceAttributesEnvDetector, serviceNameEnvDetector],
  host: [hostDetector],
  os: [osDetector],
  process: [processDetector],
  serviceinstance: [serviceInstanceIdDetector],
};

const DEFAULT_DETECTORS: readonly ResourceDetector[] = [originDetector, ...DETECTORS.env];

/**
 * The detectors of a process's resource, those that win last. A random `service.instance.id` is always among them:
 * without it two processes share their metric series.
 * @param asked names or detectors instead of what `OTEL_NODE_RESOURCE_DETECTORS` names or the default
 * @param attributes win over everything detected
 */
export function resourceDetectors(
  asked: readonly (ResourceDetectorName | ResourceDetector)[] | undefined,
  attributes: Attributes,
): ResourceDetector[] {
  const chosen =
    asked?.flatMap((detector) => (typeof detector === 'string' ? DETECTORS[detector] : detector)) ??
    detectorsFromEnv() ??
    DEFAULT_DETECTORS;
  return [serviceInstanceIdDetector, ...chosen, { detect: () => ({ attributes }) }];
}

function detectorsFromEnv(): ResourceDetector[] | undefined {
  const names = getStringListFromEnv('OTEL_NODE_RESOURCE_DETECTORS');
  if (names === undefined) return undefined;
  if (names.includes('all')) {
    const { host, os, serviceinstance, process, env } = DETECTORS;
    return [...host, ...os, ...serviceinstance, ...process, ...env];
  }
  if (names.includes('none')) return [];
  return names.flatMap((name) => {
    if (isDetectorName(name)) return DETECTORS[name];
    diag.warn(
      `Invalid resource detector "${name}" specified in the environment variable OTEL_NODE_RESOURCE_DETECTORS`,
    );
    return [];
  });
}

/** Whether a name is one of {@link RESOURCE_DETECTOR_NAMES}. */
export function isDetectorName(name: string): name is ResourceDetectorName {
  return Object.hasOwn(DETECTORS, name);
}
