/** Longest attribute value, in UTF-8 bytes. Loki refuses a line over 64 KB whole. */
export const MAX_VALUE_BYTES: number = 4 * 1024;
/** Largest record besides its stack, in UTF-8 bytes. */
export const MAX_RECORD_BYTES: number = 24 * 1024;
/** Longest stack with its causes, in UTF-8 bytes. */
export const MAX_STACK_BYTES: number = 16 * 1024;
/** Item spans of one stage with `itemSpans: 'failed'`. A trace of 10,000 spans does not fit Tempo. */
export const MAX_ITEM_SPANS: number = 1000;
