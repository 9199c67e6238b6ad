/** Values of the attribute `level` of a log record. */
export const LEVEL_VALUE_DEBUG = 'debug';
export const LEVEL_VALUE_INFO = 'info';
export const LEVEL_VALUE_WARNING = 'warning';
export const LEVEL_VALUE_ERROR = 'error';
/** Every value of the attribute `level`, from the least to the most severe. */
export const LEVEL_VALUES = ['debug', 'info', 'warning', 'error'] as const;
/** A value of the attribute `level`. */
export type Level = (typeof LEVEL_VALUES)[number];
