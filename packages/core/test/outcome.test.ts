import { types } from 'node:util';
import { describe, expect, test } from 'vitest';
import { asStage, withItem, withJob, withRun, withStage } from '@milepost/core';
import { OUTCOME_CASES, type Seen } from './outcome-cases.ts';
import { InMemorySdk, unregister, useLifecycle } from './telemetry-harness.ts';

const lifecycle = useLifecycle();

type Wrap = (work: () => unknown) => unknown;

const WRAPPERS: readonly (readonly [name: string, wrap: Wrap, unit: string])[] = [
  ['withRun', (work) => withRun({ pipeline: 'outcomes' }, work), 'run_ended'],
  ['withStage', (work) => withStage('work', work), 'stage_ended'],
  ['asStage', (work) => asStage('work', work)(), 'stage_ended'],
  ['withJob', (work) => withJob(undefined, { queue: 'outcomes', jobId: '1' }, work), 'job_ended'],
  [
    'withItem',
    (work) =>
      withStage('items', { classify: () => ({ status: 'completed' }) }, () =>
        withItem('one', work),
      ),
    'item_ended',
  ],
];

/** What comes out, told by identity: `toBe` on the values themselves, whatever they are. */
async function see(wrap: Wrap, work: () => unknown): Promise<Seen & { readonly isAsync: boolean }> {
  let isAsync = false;
  try {
    const result = wrap(work);
    isAsync = types.isPromise(result);
    return { gave: isAsync ? await result : result, isAsync };
  } catch (error) {
    return { threw: error, isAsync };
  }
}

describe.for(['with an SDK', 'without an SDK'])('%s', (sdk) => {
  describe.for(WRAPPERS)('%s gives back exactly what the work gives', ([, wrap, unit]) => {
    test.for(OUTCOME_CASES)('$name', async (outcome) => {
      if (sdk === 'with an SDK') void new InMemorySdk();
      else unregister();
      const { work, expected } = outcome.make();

      const seen = await see(wrap, work);

      // Only whether it is the same: a matcher would look into hostile values.
      expect('gave' in seen).toBe('gave' in expected);
      const [given, wanted] =
        'gave' in seen
          ? [seen.gave, 'gave' in expected && expected.gave]
          : [seen.threw, 'threw' in expected && expected.threw];
      expect(Object.is(given, wanted)).toBe(true);
      expect(seen.isAsync).toBe(outcome.isAsync);
      const ends = lifecycle.events.filter((event) => event.type === unit);
      expect(
        ends.map(
          (event) =>
            'status' in event && {
              status: event.status,
              error: 'error' in event ? event.error?.type : undefined,
            },
        ),
      ).toEqual([{ status: outcome.status, error: outcome.errorType }]);
      unregister();
    });
  });
});
