/** Values of the attribute `error.category` that Milepost gives by itself. A user's classifier may name others. */
export const ERROR_CATEGORY_VALUE_NETWORK = 'network';
export const ERROR_CATEGORY_VALUE_TIMEOUT = 'timeout';
export const ERROR_CATEGORY_VALUE_IO = 'io';
export const ERROR_CATEGORY_VALUE_PERMISSION = 'permission';
export const ERROR_CATEGORY_VALUE_RESOURCE = 'resource';
export const ERROR_CATEGORY_VALUE_VALIDATION = 'validation';
export const ERROR_CATEGORY_VALUE_PROGRAM = 'program';
export const ERROR_CATEGORY_VALUE_UNKNOWN = 'unknown';
/** The error categories that Milepost gives by itself. */
export const ERROR_CATEGORY_VALUES = [
  'network',
  'timeout',
  'io',
  'permission',
  'resource',
  'validation',
  'program',
  'unknown',
] as const;

/** `error.type` of a stage all of whose items (at least one) failed. */
export const ERROR_TYPE_VALUE_ALL_ITEMS_FAILED = 'AllItemsFailed';
/** `error.type` where the user's classifier counts a returned value as a failure. */
export const ERROR_TYPE_VALUE_FAILED_RESULT = 'FailedResult';
/** `error.type` of what was under way when the process exited with a code other than 0. */
export const ERROR_TYPE_VALUE_PROCESS_EXIT = 'ProcessExit';
/** `error.type` of what a process left without an end that is gone, as somebody decided afterwards. */
export const ERROR_TYPE_VALUE_PROCESS_LOST = 'ProcessLost';
/** `error.type` where an error has no usable class name and no code (OpenTelemetry's fallback value). */
export const ERROR_TYPE_VALUE_OTHER = '_OTHER';
