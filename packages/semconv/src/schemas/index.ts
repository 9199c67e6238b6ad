export { END_CLAIM_VERSION, type EndClaim, endClaimSchema } from './end-claim.ts';
export { type ErrorRecord, errorRecordSchema } from './error-record.ts';
export {
  type ExecutionTraceEntry,
  executionTraceEntrySchema,
  parseExecutionTraceEntry,
  writtenTraceEntrySchema,
} from './execution-trace-entry.ts';
export {
  type HubStep,
  type StageOccurrence,
  hubStepSchema,
  parseHubStep,
  stageJobsSchema,
  stageOccurrenceSchema,
  writtenPendingStepSchema,
  writtenStageStepSchema,
} from './hub-step.ts';
export {
  type Hub,
  type HubJob,
  type WrittenHub,
  hubJobSchema,
  hubSchema,
  parseHub,
  writtenHubSchema,
} from './hub.ts';
export {
  ITEMS_KEY_VALUES,
  type ItemCollection,
  type ItemFailure,
  WRITTEN_ITEMS_KEY_VALUES,
  type WrittenItemCollection,
  type WrittenItemsKey,
  itemCollectionSchema,
  itemFailureSchema,
  writtenItemCollectionSchema,
} from './item-collection.ts';
export {
  JOB_ENVELOPE_VERSION,
  type JobEnvelope,
  type JobTemplate,
  envelopeRunSchema,
  envelopeStageSchema,
  jobEnvelopeSchema,
  jobTemplateSchema,
  parseJobEnvelope,
} from './job-envelope.ts';
export { jobEndedSchema, jobStartedSchema } from './job-record.ts';
export { type JournalLine, journalLineSchema } from './journal-line.ts';
export {
  JOURNAL_RECORD_KIND_VALUES,
  JOURNAL_VERSION,
  type JournalRecord,
  type KnownJournalRecord,
  type UnknownJournalRecord,
  derivedWrittenSchema,
  hubTakenInSchema,
  itemEndedSchema,
  knownJournalRecordSchema,
  outputRecordedSchema,
  parseJournalRecord,
  repairSentSchema,
  runEndedSchema,
  runJoinedSchema,
  runStartedSchema,
  segmentOpenedSchema,
  sourceResolvedSchema,
  spokeTakenInSchema,
  stageEndedSchema,
  stageStartedSchema,
  stepSavedSchema,
} from './journal-record.ts';
export { type Repair, lostEvidenceSchema, repairSchema } from './repair.ts';
export { SchemaError, type SchemaErrorCode } from './schema-error.ts';
export {
  type Source,
  type SourceJob,
  type WrittenSourceJob,
  parseSourceJob,
  sourceJobSchema,
  sourceSchema,
  writtenSourceJobSchema,
} from './source-job.ts';
export {
  type Output,
  type Spoke,
  type WrittenSpoke,
  outputSchema,
  parseSpoke,
  spokeSchema,
  writtenSpokeSchema,
} from './spoke.ts';
export {
  RUN_STATE_VALUES,
  RUN_STATUS_VALUES,
  type RunState,
  type RunStatus,
  STEP_STATE_VALUES,
  type StepState,
  worstStepState,
} from './step-state.ts';
