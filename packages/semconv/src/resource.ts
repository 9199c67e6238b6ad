/**
 * Attributes of the resource that every process of Milepost's may have: those of its SDK and its service, and which
 * process on which machine it is. Loki puts them on each line, where they win over a field of the same label.
 */
export const RESOURCE_ATTRIBUTES = [
  'host.name',
  'process.pid',
  'service.instance.id',
  'service.name',
  'service.version',
  'telemetry.sdk.language',
  'telemetry.sdk.name',
  'telemetry.sdk.version',
] as const;
