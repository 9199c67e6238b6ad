/** Values of the attribute `status`. */
export const STATUS_VALUE_STARTED = 'started';
export const STATUS_VALUE_COMPLETED = 'completed';
export const STATUS_VALUE_PARTIAL = 'partial';
export const STATUS_VALUE_FAILED = 'failed';
export const STATUS_VALUE_CANCELLED = 'cancelled';
export const STATUS_VALUE_SKIPPED = 'skipped';

/** The statuses with which a stage ends. */
export const END_STATUS_VALUES = [
  'completed',
  'partial',
  'failed',
  'cancelled',
  'skipped',
] as const;
/** How a stage ended. */
export type EndStatus = (typeof END_STATUS_VALUES)[number];

/** The statuses with which a run ends: a run is never skipped. */
export const RUN_END_STATUS_VALUES = ['completed', 'partial', 'failed', 'cancelled'] as const;
/** How a run ended. */
export type RunEndStatus = (typeof RUN_END_STATUS_VALUES)[number];

/** The statuses with which an item ends. */
export const ITEM_STATUS_VALUES = ['completed', 'failed', 'cancelled', 'skipped'] as const;
/** How an item ended. */
export type ItemStatus = (typeof ITEM_STATUS_VALUES)[number];

/** Every value of the attribute `status`. */
export const STATUS_VALUES = [
  'started',
  'completed',
  'partial',
  'failed',
  'cancelled',
  'skipped',
] as const;
/** A value of the attribute `status`. */
export type Status = (typeof STATUS_VALUES)[number];

/** The statuses that the registry's `pipeline_steps` show. */
export const STEP_STATUS_VALUES = [
  'pending',
  'completed',
  'failed',
  'cancelled',
  'skipped',
] as const;
/** A status in the registry's `pipeline_steps`. */
export type StepStatus = (typeof STEP_STATUS_VALUES)[number];
