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
export { type RunFileList, type RunFileOptions } from './files-of-run.ts';
export {
  type FileFacts,
  type RegistryFile,
  type RegistryFileSystem,
  nodeFileSystem,
} from './file-system.ts';
export { type RegistryHealth } from './health.ts';
export { FINDING_KINDS, type Finding, type FindingKind } from './finding.ts';
export { type DerivedOutput, type FileLineage } from './find-outputs.ts';
export {
  IMPORTED_RESULTS_VALUES,
  type ImportOptions,
  type ImportReport,
  type ImportedJob,
  type ImportedResults,
} from './import-report.ts';
export { type ItemJob } from './item-jobs.ts';
export { type SourceList, type SourceSummary } from './list-sources.ts';
export { networkFileSystemOf } from './network-file-system.ts';
export {
  ON_REGISTRY_ERROR_VALUES,
  type OnRegistryError,
  type RegistryOptions,
  openRegistry,
} from './open-registry.ts';
export { type JobPipelineStatus } from './pipeline-status.ts';
export { type Problem } from './problem.ts';
export { type PruneOptions } from './prune-options.ts';
export {
  KEEP_REASON_VALUES,
  type KeepReason,
  type KeptRun,
  type PruneReport,
  type PrunedRun,
} from './prune-report.ts';
export {
  REGISTRY_ERROR_CODES,
  RegistryError,
  type RegistryErrorCode,
  isRegistryError,
} from './registry-error.ts';
export { RegistrySpanProcessor } from './registry-span-processor.ts';
export { type Registry } from './registry.ts';
export { type PlannedEnd, type RepairPlan } from './repair-plan.ts';
export { type RepairDecision } from './repair-run.ts';
export { type RepairedSpan, type RepairedSpans } from './repaired-spans.ts';
export { type ResultData, type WrittenResult } from './results.ts';
export { type RunChange, type StageChange, type WholeRunChange } from './run-change.ts';
export { RUN_FILE_KINDS, type RunFile, type RunFileKind } from './run-file.ts';
export { type LostEvidence } from './run-liveness.ts';
export { type RunSelection } from './run-selection.ts';
export {
  type ExecutionSummary,
  type FailedItem,
  type ItemHistory,
  type ItemSighting,
  type ItemTotals,
  type JobSummary,
  type JobTry,
  type ReadRunState,
  type ReadStepState,
  type RunDetail,
  type RunList,
  type RunSummary,
  type StageJobs,
} from './run-summary.ts';
export { type SavedSource, type SourceFiles } from './save-source-files.ts';
export { type SourceUpload } from './save-source.ts';
export { SOURCE_IDS_VALUES, type SourceIds } from './source-files.ts';
export { type SourceReport, type VerifySourceOptions } from './verify-source.ts';
export { type VerifyOptions, type VerifyReport } from './verify.ts';
export { type WatchOptions } from './watch-runs.ts';
export { GONE_BY_VALUES, type GoneBy } from './writer-life.ts';
