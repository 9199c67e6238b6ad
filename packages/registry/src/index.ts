export { type RegistryClock, systemClock } from './clock.ts';
export { connectRegistry } from './connect-registry.ts';
export { DURABILITY_VALUES, type Durability } from './durability.ts';
export {
  type Change,
  type NamedChange,
  type RunDiff,
  type RunOfDiff,
  type StageDiff,
  type ValueChange,
} from './diff-runs.ts';
export { type ChecksumHistory, type ChecksumSighting, type FileRole } from './find-checksum.ts';
export {
  type FileFacts,
  type RegistryFile,
  type RegistryFileSystem,
  nodeFileSystem,
} from './file-system.ts';
export { type RegistryHealth } from './health.ts';
export { type ItemJob } from './item-jobs.ts';
export {
  ON_REGISTRY_ERROR_VALUES,
  type OnRegistryError,
  type RegistryOptions,
  openRegistry,
} from './open-registry.ts';
export { type JobPipelineStatus } from './pipeline-status.ts';
export { type Problem } from './problem.ts';
export {
  REGISTRY_ERROR_CODES,
  RegistryError,
  type RegistryErrorCode,
  isRegistryError,
} from './registry-error.ts';
export { RegistrySpanProcessor } from './registry-span-processor.ts';
export { type Registry } from './registry.ts';
export { type ResultData, type WrittenResult } from './results.ts';
export { type LostEvidence } from './run-liveness.ts';
export { type RunSelection } from './run-selection.ts';
export {
  type ExecutionSummary,
  type FailedItem,
  type ItemHistory,
  type ItemSighting,
  type ItemTotals,
  type ReadRunState,
  type ReadStepState,
  type RunDetail,
  type RunList,
  type RunSummary,
} from './run-summary.ts';
export { type SourceUpload } from './save-source.ts';
