/** Longest attribute value, in UTF-8 bytes. Loki refuses a line over 64 KB whole. */
export const MAX_VALUE_BYTES: number = 4 * 1024;
/** Largest record besides its stack, in UTF-8 bytes. */
export const MAX_RECORD_BYTES: number = 24 * 1024;
/** What a user's own fields and counts take of a record, in UTF-8 bytes: the rest is for what is ours. */
export const MAX_FIELDS_BYTES: number = 12 * 1024;
/**
 * How many fields and counts of a user's a record carries. By default an SDK drops attributes beyond 128, and Loki refuses a line
 * with more than 128, those of its resource among them; up to 40 are ours.
 */
export const MAX_FIELDS: number = 80;
/** Longest stack with its causes, in UTF-8 bytes. */
export const MAX_STACK_BYTES: number = 16 * 1024;
/** Item spans of one stage with `itemSpans: 'failed'`. A trace of 10,000 spans does not fit Tempo. */
export const MAX_ITEM_SPANS: number = 1000;
/**
 * Longest name or ID in a job envelope, in characters (code points). A longer one makes it invalid. On records and metrics no
 * name takes more than 200 bytes of UTF-8: of one that does, whoever reads the envelope cuts the end, and flags it.
 */
export const MAX_ENVELOPE_NAME_LENGTH: number = 200;
/** How many stages a run declares at most: each of its jobs carries them. */
export const MAX_DECLARED_STAGES: number = 256;
/**
 * Latest time in a job envelope, in milliseconds since the Unix epoch: the last one whose nanoseconds fit into 64 bits with a sign,
 * as OTLP and its readers keep times. In 2262.
 */
export const MAX_ENVELOPE_TIME_MS: number = 9_223_372_036_854;
