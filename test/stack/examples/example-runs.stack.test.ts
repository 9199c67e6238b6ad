import { expect, inject, test } from 'vitest';
import { readRecord } from './read-record.ts';

const { runs } = inject('exampleRuns');

const SEEN_AS = {
  completed: { status: 'completed', state: 'ended' },
  partial: { status: 'partial', state: 'ended' },
  failed: { status: 'failed', state: 'ended' },
  // Whoever began a run over jobs is not who ends it: that it is lost is seen in its parts.
  killed: { endTime: undefined, state: expect.stringMatching(/^(?:lost|open)$/) },
  running: { endTime: undefined, state: expect.stringMatching(/^(?:running|open)$/) },
} as const;
const COMPILATION = { killed: 'lost', running: 'running' } as const;

test.for(runs)('$example: $kind ($subdomain)', async (run) => {
  const record = await readRecord(run);
  expect(record).toMatchObject(SEEN_AS[run.kind]);
  if (run.kind !== 'killed' && run.kind !== 'running') return;
  const { state } = record.executions.find(({ stage }) => stage === 'compilation') ?? {};
  expect(state).toBe(COMPILATION[run.kind]);
});
