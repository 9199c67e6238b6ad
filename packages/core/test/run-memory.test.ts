import { expect, test, vi } from 'vitest';
import { forgetRun, runMemory } from '../src/run-memory.ts';

const MAX_RUNS = 1000;

/** What another copy of this package would ask. */
async function secondCopy(): Promise<typeof runMemory> {
  vi.resetModules();
  const copy = await import('../src/run-memory.ts');
  expect(copy.runMemory).not.toBe(runMemory);
  return copy.runMemory;
}

test('what was seen of a run is known as long as it is asked about, and of the oldest nothing', () => {
  const asked = { runId: 'asked', attempt: 1 };
  const old = { runId: 'old', attempt: 1 };
  runMemory(asked).ended.add(undefined);
  runMemory(old).ended.add(undefined);
  for (let run = 0; run < MAX_RUNS; run += 1) {
    runMemory({ runId: `run-${run}`, attempt: 1 });
    runMemory(asked);
  }
  expect(runMemory(asked).ended.has(undefined)).toBe(true);
  expect(runMemory(old).ended.has(undefined)).toBe(false);
});

test('also where another copy of this package deals with many runs in between', async () => {
  const asked = { runId: 'ours', attempt: 1 };
  const other = await secondCopy();
  runMemory(asked).ended.add(undefined);
  for (let run = 0; run < MAX_RUNS + 1; run += 1) {
    other({ runId: `their-${run}`, attempt: 1 });
    runMemory(asked);
  }
  expect(runMemory(asked).ended.has(undefined)).toBe(true);
});

test('an attempt that begins anew has nothing behind it', () => {
  const run = { runId: 'anew', attempt: 1 };
  runMemory(run).troubled.add('ocr');
  forgetRun(run);
  expect(runMemory(run).troubled.size).toBe(0);
  expect(runMemory(run)).not.toBe(runMemory({ ...run, attempt: 2 }));
});
