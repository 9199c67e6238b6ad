export {
  type ConsoleFormat,
  ConsoleLogRecordProcessor,
  type LineStream,
} from './console-log-record-processor.ts';
export { currentTelemetry } from './current-telemetry.ts';
export { type FlushReport, type SignalReport } from './flush-report.ts';
export { MilepostIdGenerator } from './id-generator.ts';
export { milepostViews } from './metric-views.ts';
export { type ResourceDetectorName } from './resource.ts';
export { MilepostSampler } from './sampler.ts';
export { ScopeLogRecordProcessor } from './scope-log-record-processor.ts';
export { ScopeSpanProcessor } from './scope-span-processor.ts';
export { startTelemetry } from './start-telemetry.ts';
export { TelemetryError, type TelemetryErrorCode, isTelemetryError } from './telemetry-error.ts';
export { type TelemetryOptions } from './telemetry-options.ts';
export { type FlushOptions, type Telemetry } from './telemetry.ts';
