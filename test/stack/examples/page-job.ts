/** The stage of `examples/civic` that is spread over jobs. */
export const SPREAD_STAGE = 'ocr';
/** The job over which it is spread: each has one page, an item of the stage. */
export const PAGE_JOB = 'ocr_page_job';
