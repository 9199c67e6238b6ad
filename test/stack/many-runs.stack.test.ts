import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRunId } from '@milepost/run-id';
import { askPanel } from './examples/ask-panel.ts';
import { dashboardPanels, queriesOfPanel } from './panels.ts';
import { runProgram } from './run-program.ts';
import { type Stack, startStack } from './start-stack.ts';

// Loki gives a query 500 series by default, and no answer where there would be more. A day has more runs, and a run more jobs.

const RUNS = 600;
const JOBS = 600;
const runId = createRunId({ subdomain: 'busy' });

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
    MILEPOST_SPOOL: join(stack.directory, 'spool'),
  };
  await runProgram('many-runs.ts', { env, args: [String(RUNS), String(JOBS), runId] });
});
afterAll(async () => stack.stop());

test.for([
  ['Pipelines / Runs going on / A', [{ values: [3] }]],
  ['Pipelines / Which runs go on / A', { length: 3 }],
  ['Stage / Last ends / A', { length: 50 }],
  ['Run / Jobs that took longest / A', { length: 100 }],
] as const)('%s', async ([name, expected]) => {
  const query = dashboardPanels()
    .flatMap(queriesOfPanel)
    .find((one) => one.name === name);
  if (query === undefined) throw new Error(`there is no ${name}`);
  const chosen = { pipeline: '.*', subdomain: '.*', stage: '.*', runId };
  await expect
    .poll(
      () => {
        const to = Math.ceil(Date.now() / 1000);
        return askPanel(query, stack, chosen, { from: to - 3600, to, step: 15 });
      },
      { timeout: 60_000, interval: 500 },
    )
    .toMatchObject(expected);
});
