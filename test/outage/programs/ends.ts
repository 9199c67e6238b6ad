/** How a program ends. */
export const END_NAMES = [
  'natural end',
  'process.exit(3)',
  'uncaught error',
  'unhandled rejection',
  'SIGTERM',
  'SIGINT',
  'await shutdown()',
] as const;
export type EndName = (typeof END_NAMES)[number];

/** Stages that are over when a program ends. One more is running then, or over too where the program just runs out. */
export const STAGES_BEFORE_THE_END = 10;

/**
 * Records that are due of a program that ended so: of each stage and of the run a span, a started and an end log.
 * Metrics come besides.
 */
export const RECORDS_DUE: number = 3 * (STAGES_BEFORE_THE_END + 2);
