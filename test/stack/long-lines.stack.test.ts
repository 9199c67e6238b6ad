import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createRunId } from '@milepost/run-id';
import { askUntil, urlWith } from './ask.ts';
import { runProgram } from './run-program.ts';
import { type Stack, startStack } from './start-stack.ts';

const ITEMS = 2000;
const STACK_LENGTH = 16_000;
// The collector, Loki and what is asked of it share the cores.
const ARRIVAL_MS = 240_000;

let stack: Stack;
let data: string;

beforeAll(async () => {
  stack = await startStack();
  data = mkdtempSync(join(tmpdir(), 'milepost-long-lines-'));
});
afterAll(async () => {
  await stack.stop();
  rmSync(data, { recursive: true, force: true });
});

// Far above what Loki takes in one request or in one second: the collector has to hand it on in portions.
test('64 MB of stack traces at once arrive, every line of them', { timeout: 300_000 }, async () => {
  const runId = createRunId({ subdomain: 'alameda' });
  await stack.loki.kill();
  expect(
    await runProgram('items-once.ts', {
      args: [String(ITEMS), 'failed', '1', String(STACK_LENGTH)],
      env: {
        MILEPOST_ROOT: data,
        MILEPOST_RUN_ID: runId,
        OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
      },
    }),
  ).toBe(0);
  await stack.loki.start();

  const ofRun = `{service_name="nightly"} | run_id="${runId}" | traceback!=""`;
  const counted = await askUntil(
    urlWith(`${stack.lokiUrl}/loki/api/v1/query`, {
      query: `sum(count_over_time(${ofRun} [1h]))`,
    }),
    z.object({
      data: z.object({
        result: z.tuple([z.object({ value: z.tuple([z.number(), z.literal(String(ITEMS))]) })]),
      }),
    }),
    ARRIVAL_MS,
  );
  expect(counted.data.result).toHaveLength(1);

  // As many as Grafana asks for at once.
  const shown = await fetch(
    urlWith(`${stack.lokiUrl}/loki/api/v1/query_range`, { query: ofRun, limit: '1000' }),
  );
  expect(shown.status).toBe(200);
  expect((await shown.text()).length).toBeGreaterThan(1000 * STACK_LENGTH);
});
