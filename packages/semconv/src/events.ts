import { type EndStatus, type ItemStatus, type RunEndStatus } from './status.ts';

/** Event names of log records that do not carry a stage's name. The body of such a record is the same string. */
export const EVENT_RUN_STARTED = 'run_started';
export const EVENT_ITEM_FAILED = 'item_failed';
export const EVENT_JOB_STARTED = 'job_started';
export const EVENT_JOB_COMPLETED = 'job_completed';
export const EVENT_JOB_FAILED = 'job_failed';
export const EVENT_JOB_CANCELLED = 'job_cancelled';
export const EVENT_JOB_SKIPPED = 'job_skipped';

/** Event name of the milestone at a stage's start: `fetch_started`. */
export function stageStartedEvent(stage: string): string {
  return `${stage}_started`;
}

/** Event name of the milestone at a stage's end: `fetch_completed`. A partial stage completed. */
export function stageEndedEvent(stage: string, status: EndStatus): string {
  return `${stage}_${status === 'partial' ? 'completed' : status}`;
}

/** Event name of the milestone at a run's end: `run_completed`. A partial run completed. */
export function runEndedEvent(status: RunEndStatus): string {
  return `run_${status === 'partial' ? 'completed' : status}`;
}

/** Body of the log record at a job's start: `Started ocr_page_job`. Its event name is {@link EVENT_JOB_STARTED}. */
export function jobStartedBody(job: string): string {
  return `Started ${job}`;
}

const JOB_ENDS = {
  completed: { event: EVENT_JOB_COMPLETED, verb: 'Completed' },
  partial: { event: EVENT_JOB_COMPLETED, verb: 'Completed' },
  failed: { event: EVENT_JOB_FAILED, verb: 'Failed' },
  cancelled: { event: EVENT_JOB_CANCELLED, verb: 'Cancelled' },
  skipped: { event: EVENT_JOB_SKIPPED, verb: 'Skipped' },
} as const satisfies Readonly<Record<EndStatus, { readonly event: string; readonly verb: string }>>;

/** Event name of a job's end: `job_completed`. A partial job completed. */
export function jobEndedEvent(status: EndStatus): string {
  return JOB_ENDS[status].event;
}

/** Body of the log record at a job's end: `Completed ocr_page_job`. */
export function jobEndedBody(job: string, status: EndStatus): string {
  return `${JOB_ENDS[status].verb} ${job}`;
}

/** Event name of an item's end: `item_failed`. Only failed items are logged. */
export function itemEndedEvent(status: ItemStatus): string {
  return `item_${status}`;
}
