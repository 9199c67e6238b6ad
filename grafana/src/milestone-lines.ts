import { ATTR_DURATION_SECONDS, ATTR_START_TIME, EVENT_ITEM_FAILED } from '@milepost/semconv';
import { labelName } from './prometheus-name.ts';

const ENDS = 'completed|failed|cancelled|skipped';

// Lines of the user's own have no start.
const IS_MILESTONE = `${labelName(ATTR_START_TIME)}!=""`;

/** Filters of LogQL that leave certain milestones; each goes after what selects the lines of a run or stage. */
export const RUN_STARTED = `|~ "^run_started$" | ${IS_MILESTONE}`;
/** Ends of runs. */
export const RUN_ENDED = `|~ "^run_(${ENDS})$" | ${IS_MILESTONE}`;
/** Both. */
export const OF_RUN_ITSELF = `|~ "^run_(started|${ENDS})$" | ${IS_MILESTONE}`;
/** Starts of stages. */
export const STAGE_STARTED = `|~ "^[^ ]+_started$" | stage!="" | ${IS_MILESTONE}`;
/** Ends of stages, also of tries that are made again. */
export const STAGE_ENDED = `|~ "^[^ ]+_(${ENDS})$" != "${EVENT_ITEM_FAILED}" | stage!="" | ${IS_MILESTONE}`;
/** Starts and ends of runs and stages. */
export const OF_RUN_AND_STAGES = `|~ "^[^ ]+_(started|${ENDS})$" != "${EVENT_ITEM_FAILED}" | ${IS_MILESTONE}`;
/** Ends of tries of jobs. */
export const JOB_ENDED = `|~ "^(Completed|Failed|Cancelled|Skipped) " | job_id!="" | ${IS_MILESTONE}`;

/** Unwraps when a line was written, in milliseconds since the Unix epoch. */
export const UNWRAP_TIME = '| label_format at=`{{ __timestamp__ | unixEpochMillis }}` | unwrap at';
/** Unwraps how long it took, in seconds. */
export const UNWRAP_DURATION = `| unwrap ${labelName(ATTR_DURATION_SECONDS)}`;
