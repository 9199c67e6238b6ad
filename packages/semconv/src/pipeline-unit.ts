/** Values of the attribute `pipeline.unit`. */
export const PIPELINE_UNIT_VALUE_RUN = 'run';
export const PIPELINE_UNIT_VALUE_STAGE = 'stage';
export const PIPELINE_UNIT_VALUE_JOB = 'job';
export const PIPELINE_UNIT_VALUE_ITEM = 'item';

/** Every value of the attribute `pipeline.unit`. */
export const PIPELINE_UNIT_VALUES = ['run', 'stage', 'job', 'item'] as const;
/** What a span stands for. */
export type PipelineUnit = (typeof PIPELINE_UNIT_VALUES)[number];
