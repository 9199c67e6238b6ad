export { addClientSuffix, baseRunId } from './client-suffix.ts';
export { convertRunId } from './convert-run-id.ts';
export { createClaimedRunId, type CreateClaimedRunIdOptions } from './create-claimed-run-id.ts';
export { createRunId, type CreateRunIdOptions } from './create-run-id.ts';
export { createDirectoryClaim } from './directory-claim.ts';
export { parseRunId, type ParseRunIdOptions } from './parse-run-id.ts';
export {
  type CompactRunId,
  type LegacyBypassRunId,
  type LegacyProcessRunId,
  type OpaqueRunId,
  type ParsedRunId,
  type SubdomainRunId,
  type TimestampRunId,
} from './parsed-run-id.ts';
export { runIdAliases, type RunIdAliasesOptions } from './run-id-aliases.ts';
export {
  isRunIdError,
  RUN_ID_ERROR_CODES,
  RunIdError,
  type RunIdErrorCode,
} from './run-id-error.ts';
export {
  CLAIMED_RUN_ID_FORMATS,
  RUN_ID_FORMATS,
  type ClaimedRunIdFormat,
  type RunIdFormat,
} from './run-id-format.ts';
export { isRunId, MAX_RUN_ID_LENGTH } from './run-id-rules.ts';
export {
  jobSpanId,
  runSpanId,
  stageSpanId,
  type JobSpanCoordinates,
  type StageSpanCoordinates,
} from './span-id.ts';
export { runTraceId } from './trace-id.ts';
