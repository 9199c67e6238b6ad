export { asJob } from './as-job.ts';
export { type CarryRunsOptions, type JobProducer, carryRuns } from './carry-runs.ts';
export { type FailureEnds } from './failure-ends.ts';
export { type GivenHeaders, type JobHeaders, jobFromHeaders, jobHeaders } from './job-headers.ts';
export { jobOptions } from './job-options.ts';
export { type AsJobOptions } from './run-job.ts';
export { VERSION } from './version.ts';
export { type JobWorker, type WatchWorkerOptions, watchWorker } from './watch-worker.ts';
