import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SightingInRun } from '../src/find-item.ts';
import { hashOfKey } from '../src/index-keys.ts';
import { packSightings, unpackSightings } from '../src/index-sightings.ts';
import { isDamage } from '../src/index-sqlite.ts';

const itemId = fc.oneof(
  fc.constantFrom('a', '__proto__', 'ö/ü', '\ud800', ''),
  fc.nat(400).map((number) => `document-${number}.pdf`),
);
const error = fc.record({
  error_type: fc.string(),
  error_message: fc.string(),
  error_category: fc.string(),
});
const output = fc.record({ path: fc.string(), size: fc.nat() });

/** An execution and an item in it; executions are told by their IDs, and steps that only a list names by their stage. */
const sighting: fc.Arbitrary<SightingInRun> = fc
  .record({
    itemId,
    execution: fc.option(fc.nat(3), { nil: undefined }),
    time: fc.double({ noNaN: true, noDefaultInfinity: true }).map((time) => time + 0),
    status: fc.constantFrom('completed' as const, 'failed' as const),
    durationSeconds: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
    error: fc.option(error, { nil: undefined }),
    outputs: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, fc.array(output)),
  })
  .map(({ execution, ...rest }) => ({
    ...rest,
    stage: `stage ${execution ?? 'listed'}`,
    executionId: execution === undefined ? undefined : `execution ${execution}`,
    runAttempt: 1,
    occurrence: (execution ?? 0) + 1,
    attempt: 2,
  }));

/** What the index does: the last pack that begins at the item's key or before. */
function seen(packs: ReturnType<typeof packSightings>, id: string): readonly SightingInRun[] {
  const hash = hashOfKey({ kind: 'item', id });
  const pack = packs.findLast(({ first }) => first <= hash);
  return pack === undefined ? [] : unpackSightings(pack.data, id);
}

test('every sighting comes out of its pack as it went in', () => {
  fc.assert(
    fc.property(fc.array(sighting, { maxLength: 700, size: 'max' }), (sightings) => {
      const packs = packSightings(sightings);
      for (const id of new Set([...sightings.map((one) => one.itemId), 'absent'])) {
        expect(seen(packs, id)).toEqual(sightings.filter((one) => one.itemId === id));
      }
    }),
    { numRuns: 30 },
  );
});

test('a run of many items has many packs, each of few', () => {
  const one = { stage: 'ocr', executionId: 'e', runAttempt: 1, occurrence: 1, attempt: 1 };
  const sightings = Array.from({ length: 5000 }, (_, number) => ({
    ...one,
    itemId: `item ${number}`,
    time: number,
    status: 'completed' as const,
    durationSeconds: undefined,
    error: undefined,
    outputs: [],
  }));
  const packs = packSightings(sightings);
  expect(packs.length).toBe(Math.ceil(5000 / 128));
  expect(packs.map(({ first }) => first)).toEqual(
    packs.map(({ first }) => first).toSorted((a, b) => a - b),
  );
  expect(seen(packs, 'item 4321')).toEqual([sightings[4321]]);
});

test.for([
  ['bytes that are no pack', Buffer.from('no pack at all')],
  ['nothing', Buffer.alloc(0)],
  ['another JSON', deflateSync('{"executions":[]}')],
  [
    'a pack without the execution',
    deflateSync('{"executions":[],"items":[["a",0,1,"completed"]]}'),
  ],
] as const)('%s: damage', ([, data]) => {
  let thrown: unknown;
  try {
    unpackSightings(data, 'a');
  } catch (error) {
    thrown = error;
  }
  expect(isDamage(thrown)).toBe(true);
});
