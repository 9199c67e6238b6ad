import { expect, inject, test } from 'vitest';
import { openRegistry } from '@milepost/registry';
import { type ExampleRun } from './example-runs.ts';

const { runs } = inject('exampleRuns');

const SEEN_AS = {
  completed: { status: 'completed', state: 'ended' },
  partial: { status: 'partial', state: 'ended' },
  failed: { status: 'failed', state: 'ended' },
} as const;

/** Whose work goes on, or went on when it ended. */
async function compilationOf({ root, runId }: ExampleRun): Promise<string | undefined> {
  const registry = openRegistry({ root });
  const run = await registry.readRun(runId);
  await registry.close();
  return run?.executions.find(({ stage }) => stage === 'compilation')?.state;
}

test.for(runs)('$example: $kind ($subdomain)', async (run) => {
  const registry = openRegistry({ root: run.root });
  const found = await registry.readRun(run.runId);
  await registry.close();
  if (run.kind === 'killed' || run.kind === 'running') {
    expect(found?.endTime).toBeUndefined();
    expect(await compilationOf(run)).toBe(run.kind === 'killed' ? 'lost' : 'running');
  } else {
    expect(found).toMatchObject(SEEN_AS[run.kind]);
  }
});
