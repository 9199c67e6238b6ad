/**
 * Why telemetry was lost: the values of `reason` of `pipeline.telemetry.lost`. `rejected` (by the collector),
 * `unauthorized`, `too_large` and `too_old` lie among the dead letters; the others are gone. Records of the registry
 * (`signal` is `registry`) are lost as `memory_full` or `unsent`.
 */
export const LOSS_REASON_VALUES = [
  'rejected',
  'unauthorized',
  'too_large',
  'too_old',
  'memory_full',
  'spool_full',
  'damaged',
  'deleted',
  'unserializable',
  'unsent',
] as const;
/** One of {@link LOSS_REASON_VALUES}. */
export type LossReason = (typeof LOSS_REASON_VALUES)[number];
