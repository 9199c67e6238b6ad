export { asStage } from './as-stage.ts';
export { type BeginRunOptions, beginRun } from './begin-run.ts';
export { type BeginStageOptions, beginStage } from './begin-stage.ts';
export { childEnvironment } from './child-environment.ts';
export { type CreateJobOptions, createJob } from './create-job.ts';
export { currentJob, currentRun, currentStage } from './current.ts';
export { type FieldsSchema, type StageDefinition, defineStage } from './define-stage.ts';
export { type EachItemOptions, type ItemResult, eachItem } from './each-item.ts';
export { type EndRunOptions, endRun } from './end-run.ts';
export { type EndStageOptions, endStage } from './end-stage.ts';
export {
  type EnvelopeBegin,
  type EnvelopeJob,
  type EnvelopeRun,
  type EnvelopeStage,
  type JobEnvelope,
  type RunEnvelope,
  type StageEnvelope,
} from './envelope.ts';
export { type FieldValue } from './field-value.ts';
export { type JobIdentity, type RunIdentity } from './identity.ts';
export { type JobOptions, type JobPlace, type JobTrace } from './job-options.ts';
export { type Job } from './job.ts';
export { type JoinRunOptions, joinRun } from './join-run.ts';
export { type Log, type LogFields, log } from './log.ts';
export { type Classification, type ClassifiedOutcome, type Classifier } from './outcome.ts';
export { recordOutput } from './record-output.ts';
export { ITEM_SPANS_VALUES, type ItemSpans, type RunOptions } from './run-options.ts';
export { type Stage } from './stage.ts';
export { type StageOptions } from './stage-options.ts';
export { type ItemOptions, withItem } from './with-item.ts';
export { withJob } from './with-job.ts';
export { withRun } from './with-run.ts';
export { withStage } from './with-stage.ts';
