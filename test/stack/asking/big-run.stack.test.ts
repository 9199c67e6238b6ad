import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRunId, runTraceId } from '@milepost/run-id';
import { type OpenedStack, openStack } from '../open-stack.ts';
import { runProgram } from '../run-program.ts';
import { linesOfRun, spansOfRun } from '../sent-by-run.ts';

const ITEMS = 10_000;
const FAILED = 100;

let stack: OpenedStack;
let data: string;

beforeAll(async () => {
  stack = await openStack();
  data = mkdtempSync(join(tmpdir(), 'milepost-big-run-'));
});
afterAll(async () => {
  await stack.stop();
  rmSync(data, { recursive: true, force: true });
});

/** Runs ten thousand items, of which every hundredth fails. */
async function runItems(itemSpans: 'failed' | 'all'): Promise<string> {
  const runId = createRunId({ subdomain: 'alameda' });
  expect(
    await runProgram('items-once.ts', {
      args: [String(ITEMS), itemSpans],
      env: {
        MILEPOST_ROOT: join(data, itemSpans),
        MILEPOST_RUN_ID: runId,
        OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
      },
    }),
  ).toBe(0);
  return runId;
}

/** Loads a trace as Grafana does; `bytes` of OTLP, `ms` to the last of them. */
async function loadTrace(runId: string): Promise<{ readonly bytes: number; readonly ms: number }> {
  const begin = performance.now();
  const response = await fetch(`${stack.tempoUrl}/api/v2/traces/${runTraceId(runId)}`, {
    headers: { accept: 'application/protobuf' },
  });
  const { byteLength } = await response.arrayBuffer();
  expect(response.status).toBe(200);
  return { bytes: byteLength, ms: Math.round(performance.now() - begin) };
}

test.for([
  // A span of the run, of the stage, and of each item that failed.
  { itemSpans: 'failed', spans: 2 + FAILED, mostBytes: 500_000 },
  { itemSpans: 'all', spans: 2 + ITEMS, mostBytes: 20_000_000 },
] as const)(
  'a run of 10,000 items with itemSpans $itemSpans: a whole trace of $spans spans',
  async ({ itemSpans, spans, mostBytes }, { annotate }) => {
    const runId = await runItems(itemSpans);
    expect(await spansOfRun(stack, runId, spans)).toHaveLength(spans);
    // Of the run and the stage two each, one of each failed item.
    expect(await linesOfRun(stack, runId, 4 + FAILED)).toHaveLength(4 + FAILED);
    const { bytes, ms } = await loadTrace(runId);
    await annotate(`itemSpans ${itemSpans}: ${spans} spans, ${bytes} bytes, loaded in ${ms} ms`);
    expect(bytes).toBeLessThan(mostBytes);
  },
);
