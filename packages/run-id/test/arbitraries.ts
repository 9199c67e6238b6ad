import * as fc from 'fast-check';
import { isRunId } from '@milepost/run-id';

/** Whole seconds that `compact` can say: 2000 to 2099. */
export const compactSeconds: fc.Arbitrary<number> = fc.integer({
  min: Date.UTC(2000, 0, 1) / 1000,
  max: Date.UTC(2100, 0, 1) / 1000 - 1,
});

const character = fc.constantFrom(
  ...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-'),
);

/** Text of the characters of a run ID, most of it valid. */
export const runIdText: fc.Arbitrary<string> = fc.string({ unit: character, maxLength: 140 });

/** Pieces that formats are made of, so that texts come near to them. */
const piece = fc.oneof(
  fc.constantFrom('job', 'stream1', 'bypass', 'latest', 'nul', 'alameda', '', '.', '-', '_'),
  fc.constantFrom('20250929094802', '1717146242405', '1737072000', '20260116', 'abc123'),
  fc.constantFrom('260101-213723', '2026-01-01_21-37-23', '2026-02-30_10-00-00'),
  fc.string({ unit: character, maxLength: 8 }),
);

/** Text that is almost a run ID of a known format, or is one. */
const nearRunId = fc
  .array(fc.tuple(piece, fc.constantFrom('_', '-', '.', '')), { maxLength: 6 })
  .map((pieces) => pieces.flat().join(''));

/** Clients that a run ID can have; none of them looks like the end of a `subdomain` ID. */
export const client: fc.Arbitrary<string> = fc
  .string({ unit: character, minLength: 1, maxLength: 40 })
  .filter((text) => isRunId(`260101-213723-${text}`) && !/_\d+_[a-z0-9]+$/.test(text));

/** `260101-213723`, or what has a client after it. */
export const compactRunId: fc.Arbitrary<string> = fc
  .tuple(compactSeconds, fc.option(client, { nil: undefined }))
  .map(([seconds, name]) => {
    const iso = new Date(seconds * 1000).toISOString().replaceAll(/[-:]/g, '');
    return `${iso.slice(2, 8)}-${iso.slice(9, 15)}${name === undefined ? '' : `-${name}`}`;
  });

export const timestampRunId: fc.Arbitrary<string> = compactSeconds.map((seconds) => {
  const iso = new Date(seconds * 1000).toISOString();
  return `${iso.slice(0, 10)}_${iso.slice(11, 19).replaceAll(':', '-')}`;
});

export const legacyRunId: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(compactSeconds, fc.nat(99))
    .map(
      ([seconds, stream]) =>
        `job_scoring_stream${stream}_${new Date(seconds * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14)}`,
    ),
  fc
    .tuple(compactSeconds, fc.nat(999))
    .map(([seconds, ms]) => `job_scoring_bypass_${String(seconds * 1000 + ms).padStart(13, '0')}`),
);

/** Valid run IDs of all formats. */
export const runId: fc.Arbitrary<string> = fc
  .oneof(compactRunId, timestampRunId, legacyRunId, nearRunId, runIdText)
  .filter((text) => isRunId(text));

/** Anything that a caller may pass for a run ID. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  runIdText,
  nearRunId,
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.anything(),
);
