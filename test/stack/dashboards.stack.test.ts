import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createRunId } from '@milepost/run-id';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';
import { askUntil, urlWith } from './ask.ts';
import { type PanelQuery } from './panels.ts';
import { pageQueries } from './queries.ts';
import { runStageOnce } from './run-stage-once.ts';
import { type Stack, startStack } from './start-stack.ts';

let stack: Stack;
let data: string;
const runId = createRunId({ subdomain: 'boston' });

/** Runs a program of this directory to its end, sending to the stack. */
async function run(
  program: string,
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      ...RUN_TYPESCRIPT,
      '--conditions=@milepost/source',
      join(import.meta.dirname, 'programs', program),
      ...args,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'] ?? '',
        OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
        MILEPOST_ROOT: data,
        MILEPOST_SPOOL: join(data, 'spool'),
        ...more,
      },
    },
  );
  await once(child, 'close');
  expect(child.exitCode).toBe(0);
}

// Good, partial, failed, killed and late.
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'milepost-dashboards-'));
  stack = await startStack({ alertSettings: { goneAfter: '15s' } });
  await run('stages-until.ts', ['6']);
  await run('jobs-once.ts', [], { MILEPOST_RUN_ID: runId });
  await runStageOnce('fails', stack.otlpUrl);
  await runStageOnce('completes', stack.otlpUrl, { expectedIntervalSeconds: 5 });
  await runStageOnce('hangs', stack.otlpUrl);
});
afterAll(async () => {
  await stack.stop();
  rmSync(data, { recursive: true, force: true });
});

/** As Grafana would ask: everything selected, the run that was looked up, the last hour. */
function asked({ datasource, expr, isInstant }: PanelQuery): string {
  const query = expr
    .replaceAll('$pipeline', '.*')
    .replaceAll('$subdomain', '.*')
    .replaceAll('$stage', '.*')
    .replaceAll('$run_id', runId)
    .replaceAll('$__range', '1h');
  const now = Math.floor(Date.now() / 1000);
  const range = { start: String(now - 3600), end: String(now + 60) };
  switch (datasource) {
    case 'prometheus':
      return isInstant
        ? urlWith(`${stack.prometheusUrl}/api/v1/query`, { query })
        : urlWith(`${stack.prometheusUrl}/api/v1/query_range`, { query, ...range, step: '15' });
    case 'loki':
      return isInstant
        ? urlWith(`${stack.lokiUrl}/loki/api/v1/query`, { query })
        : urlWith(`${stack.lokiUrl}/loki/api/v1/query_range`, { query, ...range });
    case 'tempo':
      return urlWith(`${stack.tempoUrl}/api/search`, { q: query, ...range });
    default:
      return datasource satisfies never;
  }
}

const NOT_EMPTY = z.union([
  z.object({ data: z.object({ result: z.array(z.unknown()).min(1) }) }),
  z.object({ traces: z.array(z.unknown()).min(1) }),
]);

test.for(pageQueries())('$name has an answer', async (query) => {
  expect(NOT_EMPTY.safeParse(await askUntil(asked(query), NOT_EMPTY)).success).toBe(true);
});

const SERIES = z.object({
  data: z.object({
    result: z
      .array(
        z.object({
          metric: z.record(z.string(), z.string()),
          value: z.tuple([z.number(), z.string()]),
        }),
      )
      .min(1),
  }),
});

/** The answer to a query of the page: values by the labels that tell series apart. */
async function answerTo(name: string): Promise<Readonly<Record<string, number>>> {
  const query = pageQueries().find((one) => one.name === name);
  if (query === undefined) throw new Error(`the page has no ${name}`);
  const { data: answer } = await askUntil(asked(query), SERIES);
  return Object.fromEntries(
    answer.result.map(({ metric, value }) => [Object.values(metric).join(' '), Number(value[1])]),
  );
}

// Six stages in three names, every second with a failed item of five; a run over jobs; one that failed, completed, was killed.
test.for([
  [
    'Success rate by stage, last 24 hours (logql)',
    { ocr: 2 / 3, fetch: 1, deploy: 1, 'stage-0': 1, 'stage-1': 1, 'stage-2': 1 },
  ],
  [
    'Success rate by stage, last 24 hours (promql)',
    { ocr: 2 / 3, fetch: 1, deploy: 1, 'stage-0': 1, 'stage-1': 1, 'stage-2': 1 },
  ],
  ['How many PDFs were fetched today (logql)', { '': 3 }],
  ['How many PDFs were fetched today (promql)', { '': 3 }],
  ['Runs going on (logql)', { '': 1 }],
] as const)('%s: %j', async ([name, expected]) => {
  expect(await answerTo(name)).toEqual(expected);
});
