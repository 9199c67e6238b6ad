/** Values of `milepost.flags`: what Milepost changed or doubted in a record. */
export const FLAG_VALUE_RUN_ID_REPLACED = 'run_id_replaced';
export const FLAG_VALUE_RUN_ID_FORMAT_REPLACED = 'run_id_format_replaced';
export const FLAG_VALUE_RUN_NOT_FOUND = 'run_not_found';
export const FLAG_VALUE_ENVELOPE_INVALID = 'envelope_invalid';
export const FLAG_VALUE_ENVELOPE_MISSING = 'envelope_missing';
export const FLAG_VALUE_NAME_REPLACED = 'name_replaced';
export const FLAG_VALUE_FIELD_RENAMED = 'field_renamed';
export const FLAG_VALUE_FIELD_REDACTED = 'field_redacted';
export const FLAG_VALUE_FIELD_TRUNCATED = 'field_truncated';
export const FLAG_VALUE_FIELD_UNREADABLE = 'field_unreadable';
export const FLAG_VALUE_FIELD_INVALID = 'field_invalid';
export const FLAG_VALUE_OPTIONS_UNREADABLE = 'options_unreadable';
export const FLAG_VALUE_JOBS_UNSEEN = 'jobs_unseen';
export const FLAG_VALUE_REPAIRED = 'repaired';
/** Every value of `milepost.flags`. */
export const FLAG_VALUES = [
  'run_id_replaced',
  'run_id_format_replaced',
  'run_not_found',
  'envelope_invalid',
  'envelope_missing',
  'name_replaced',
  'field_renamed',
  'field_redacted',
  'field_truncated',
  'field_unreadable',
  'field_invalid',
  'options_unreadable',
  'jobs_unseen',
  'repaired',
] as const;
/** What Milepost changed or doubted in a record. */
export type Flag = (typeof FLAG_VALUES)[number];
