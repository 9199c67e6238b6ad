/**
 * Attribute names of Milepost's spans, log records and metrics.
 *
 * Loki and Prometheus write each dot as an underscore, so `run.id` reads `run_id` there.
 */

/** ID of the run, a string. Spans and logs; never metrics, never the resource. */
export const ATTR_RUN_ID = 'run.id';
/** ID of the run inside which this run was started, a string. Spans and logs. */
export const ATTR_PARENT_RUN_ID = 'parent_run.id';
/** Name of the pipeline, a string. All signals. */
export const ATTR_PIPELINE = 'pipeline';
/** What a span stands for: one of {@link PIPELINE_UNIT_VALUES}. Spans and logs. */
export const ATTR_PIPELINE_UNIT = 'pipeline.unit';
/** Name of the stage, a string. All signals. */
export const ATTR_STAGE = 'stage';
/** Which time a stage of this name runs in its run, an integer, present from 2 on. Spans and logs. */
export const ATTR_STAGE_OCCURRENCE = 'stage.occurrence';
/** Tenant of the whole run, a string. All signals. */
export const ATTR_SUBDOMAIN = 'subdomain';
/** Tenant inside a run, a string. Spans, logs and client metrics. */
export const ATTR_CLIENT_ID = 'client.id';
/** ID of the queue's job, a string. Spans and logs. */
export const ATTR_JOB_ID = 'job.id';
/** ID of the job that enqueued this one, a string. Spans and logs. */
export const ATTR_PARENT_JOB_ID = 'parent_job.id';
/** Name of the job, a string. Jobs, all signals. Never `job`, which is a label of Prometheus itself. */
export const ATTR_JOB_NAME = 'job.name';
/** Name of the queue, a string. Jobs, all signals. */
export const ATTR_QUEUE = 'queue';
/** ID of an item, any string. Spans and logs. */
export const ATTR_ITEM_ID = 'item.id';
/** Which try of a run, stage or job this is, an integer from 1 on. Spans and logs. */
export const ATTR_ATTEMPT = 'attempt';
/** `attempt` minus 1, an integer. Spans and logs. */
export const ATTR_RETRY_COUNT = 'retry_count';
/** True for a run that a stage outside any run made for itself. Spans and logs. */
export const ATTR_IMPLICIT = 'implicit';
/** One of {@link STATUS_VALUES}. All signals. */
export const ATTR_STATUS = 'status';
/** One of {@link LEVEL_VALUES}. Logs. */
export const ATTR_LEVEL = 'level';
/** Duration in seconds, a double. Logs. */
export const ATTR_DURATION_SECONDS = 'duration.seconds';
/** ISO 8601 UTC. Logs. */
export const ATTR_START_TIME = 'start_time';
/** ISO 8601 UTC. Logs. */
export const ATTR_END_TIME = 'end_time';
/** Class name or code of the error, a string. Spans, logs and the errors counter. */
export const ATTR_ERROR_TYPE = 'error.type';
/** Message of the error, a string. Logs. */
export const ATTR_ERROR_MESSAGE = 'error.message';
/** One of {@link ERROR_CATEGORY_VALUES}, or the user's own. Logs and the errors counter. */
export const ATTR_ERROR_CATEGORY = 'error.category';
/** Stack with its causes, at most {@link MAX_STACK_BYTES}. Logs. */
export const ATTR_EXCEPTION_STACKTRACE = 'exception.stacktrace';
/** How many items a stage saw, an integer. Spans and logs of the end. */
export const ATTR_ITEMS_TOTAL = 'items.total';
/** How many of them completed, an integer. Spans and logs of the end. */
export const ATTR_ITEMS_SUCCESSFUL = 'items.successful';
/** How many of them failed, an integer. Spans and logs of the end. */
export const ATTR_ITEMS_FAILED = 'items.failed';
/** Why a stage was skipped or cancelled, a string. Spans and logs of the end. */
export const ATTR_REASON = 'reason';
/** What Milepost changed or doubted in this record, strings of {@link FLAG_VALUES}. Spans and logs. */
export const ATTR_FLAGS = 'milepost.flags';
/** Name of a volume counter's series (`total_pages`), a string. Metrics. */
export const ATTR_NAME = 'name';
/** Which signal was lost: `traces`, `logs`, `metrics` or `records`. Metrics. */
export const ATTR_SIGNAL = 'signal';
