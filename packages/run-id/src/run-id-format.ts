/**
 * The formats that a run ID can have, in the order in which they are tried. `opaque` is every valid
 * run ID of none of the others.
 *
 * | format | example |
 * |---|---|
 * | `subdomain` | `alameda_1737072000_abc123`, also read: `alameda_20260116_abc123` |
 * | `timestamp` | `2026-01-01_21-37-23` |
 * | `compact` | `260101-213723`, with a client `260101-213723-Guy-Wilson` |
 * | `legacy_process` | `job_post_scoring_stream1_20250929094802` |
 * | `legacy_bypass` | `job_post_scoring_bypass_1717146242405` |
 * | `opaque` | `nightly-import` |
 */
export const RUN_ID_FORMATS = [
  'subdomain',
  'timestamp',
  'compact',
  'legacy_process',
  'legacy_bypass',
  'opaque',
] as const;

/** A format of run IDs. */
export type RunIdFormat = (typeof RUN_ID_FORMATS)[number];

/**
 * The formats that name nothing but a second, so that an ID of theirs is made only together with an
 * exclusive claim (`createClaimedRunId`).
 */
export const CLAIMED_RUN_ID_FORMATS = ['timestamp', 'compact'] as const;

/** A format whose IDs need an exclusive claim. */
export type ClaimedRunIdFormat = (typeof CLAIMED_RUN_ID_FORMATS)[number];
