import { type JournalRecord } from '@milepost/semconv/schemas';
import { type JournalSearch } from './journal-search.ts';
import { type RecordOf } from './record-order.ts';
import { RunFold, type RunState, foldRun } from './run-fold.ts';
import { isRunTroubled, isStageTroubled } from './troubled.ts';

/** Of so many jobs that failed it is looked up first whether one of them still is: that costs a search for each. */
const MAX_JOBS = 8;

const TROUBLE = ['"status":"failed"', '"status":"partial"'];
const ENDS = ['"kind":"stage_ended"', '"kind":"job_ended"'];
/** Of all that tells of the executions of stages. */
const STAGES = ['"kind":"stage_', '"kind":"item_ended"'];

type JobEnd = RecordOf<'job_ended'>;

/** Whether a job failed for good by that, or in part, unless it was tried again. */
function isJobTrouble(record: JournalRecord): record is JobEnd {
  if (record.kind !== 'job_ended' || record.will_retry === true) return false;
  return record.status === 'failed' || record.status === 'partial';
}

/** Whether a stage failed by that, or in part, unless it was tried again. */
function isStageTrouble(record: JournalRecord): boolean {
  if (record.kind !== 'stage_ended') return false;
  return record.status === 'partial' || (record.status === 'failed' && record.will_retry !== true);
}

function isOf(record: JournalRecord, jobIds: ReadonlySet<string>): boolean {
  if (record.kind !== 'job_started' && record.kind !== 'job_ended') return true;
  return jobIds.has(record.job_id);
}

/** The state by all records of some jobs, and by what else is on lines that hold one of those texts: no others of jobs. */
function stateOf(
  journal: JournalSearch,
  runId: string,
  jobIds: ReadonlySet<string>,
  texts: readonly string[],
): RunState {
  const ids = [...jobIds].map((jobId) => `"job_id":${JSON.stringify(jobId)}`);
  const fold = new RunFold(runId);
  for (const record of journal.holding([...ids, ...texts])) {
    if (isOf(record, jobIds)) fold.add(record);
  }
  return fold;
}

/**
 * Whether all records say so of a run, where it is the stages or these jobs that they can say it of: a few of them mostly
 * suffice.
 */
function isSo(
  journal: JournalSearch,
  runId: string,
  jobs: readonly JobEnd[],
  stages: readonly string[],
  judge: (state: RunState) => boolean,
): boolean {
  const jobIds = [...new Set(jobs.map((job) => job.job_id))];
  if (judge(stateOf(journal, runId, new Set(jobIds.slice(0, MAX_JOBS)), stages))) return true;
  return jobIds.length > MAX_JOBS && judge(foldRun(runId, journal.all()));
}

/** What `isRunTroubled` says of all records of a run, found out by few of them. */
export function findRunTrouble(journal: JournalSearch, runId: string, attempt: number): boolean {
  const trouble = [...journal.holding(TROUBLE, ENDS)];
  const jobs = trouble
    .filter(isJobTrouble)
    .filter((job) => job.run_attempt === attempt && job.execution_id === undefined);
  const stages = trouble.some(isStageTrouble) ? STAGES : [];
  if (jobs.length + stages.length === 0) return false;
  return isSo(journal, runId, jobs, stages, (state) => isRunTroubled(state, attempt));
}

/** What `isStageTroubled` says of all records of a run, found out by few of them. */
export function findStageTrouble(
  journal: JournalSearch,
  runId: string,
  executionId: string,
): boolean {
  const jobs = [...journal.holding(TROUBLE, ENDS)]
    .filter(isJobTrouble)
    .filter((job) => job.execution_id === executionId);
  if (jobs.length === 0) return false;
  return isSo(journal, runId, jobs, [], (state) => isStageTroubled(state, executionId));
}
