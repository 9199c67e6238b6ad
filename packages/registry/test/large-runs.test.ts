import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type RegistryFileSystem, nodeFileSystem, openRegistry } from '@milepost/registry';
import { foldRun } from '../src/run-fold.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';

const RUN = '2026-01-01_21-37-23';

test('the program goes on while many records are folded', async () => {
  const root = temporaryRoot();
  let turns = 0;
  let turnsOfFold: number | undefined;
  const turn = (): void => {
    turns += 1;
    if (turnsOfFold === undefined) setImmediate(turn);
  };
  // A rewrite looks for segments of others, folds, and then looks at the hub.
  const fs: RegistryFileSystem = {
    ...nodeFileSystem,
    // Before anything is read, it is looked where that really lies.
    sync: {
      ...nodeFileSystem.sync,
      realpath: (path) => {
        if (path.endsWith(RUN) && turns === 0) setImmediate(turn);
        if (path === join(root, `analytics/job_registry/${RUN}.json`)) turnsOfFold ??= turns;
        return nodeFileSystem.sync.realpath(path);
      },
    },
  };
  await using registry = openRegistry({ root, fs });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage(
    'ocr',
    Array.from({ length: 3000 }, (_, item) => `item ${item}`),
  );
  await registry.flush();
  expect(turnsOfFold).toBeGreaterThanOrEqual(5);
  expect((await registry.readRun(RUN))?.items).toMatchObject({ total: 3000 });
});

test('stack traces of items stay in the journal', () => {
  const state = foldRun(RUN, [
    {
      kind: 'item_ended',
      time: 1,
      run_attempt: 1,
      stage: 'ocr',
      occurrence: 1,
      attempt: 1,
      execution_id: 'e'.repeat(16),
      item_id: 'a',
      status: 'failed',
      duration_seconds: 0.1,
      error: {
        error_type: 'IoError',
        error_message: 'cannot read',
        error_category: 'io',
        stack: 'IoError: cannot read\n    at read',
      },
    },
  ]);
  const execution = state.executions.get('e'.repeat(16));
  const error = { error_type: 'IoError', error_message: 'cannot read', error_category: 'io' };
  expect(execution?.items.get('a')?.last.error).toEqual(error);
  expect(execution?.firstItem?.error).toEqual(error);
});
