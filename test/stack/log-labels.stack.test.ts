import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { createRunId } from '@milepost/run-id';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';
import { urlWith } from './ask.ts';
import { runStageOnce } from './run-stage-once.ts';
import { linesOfRun } from './sent-by-run.ts';
import { type Stack, startStack } from './start-stack.ts';

// What stands beside a line in Loki: each name costs room on every line, and may tell more than it should.

const OWN_SDK = fileURLToPath(new URL('../../examples/own-sdk/src/main.ts', import.meta.url));
/** As that example names it. */
const OWN_SDK_RUN = 'alameda_1737072000_abc123';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

/** Few values each: they are the index. */
const INDEXED = ['service_name', 'subdomain'];
/** What Milepost says on every line. */
const OWN = ['attempt', 'level', 'pipeline', 'retry_count', 'run_id', 'start_time', 'status'];
/** Where it comes from: enough to find the process, and no command line, owner or machine ID. */
const ORIGIN = ['host_name', 'process_pid', 'service_instance_id'];
/** What OpenTelemetry asks of every resource. */
const SDK = ['telemetry_sdk_language', 'telemetry_sdk_name', 'telemetry_sdk_version'];
/** What Loki makes of the record itself. */
const RECORD = [
  'detected_level',
  'flags',
  'observed_timestamp',
  'scope_name',
  'scope_version',
].concat(['severity_number', 'severity_text', 'span_id', 'trace_id']);
const ALWAYS = [...OWN, ...ORIGIN, ...SDK, ...RECORD];
const ENDED = ['duration_seconds', 'end_time'];
/** `traceback`: the collector's copy of the stack. */
const FAILED = [
  'error_category',
  'error_message',
  'error_type',
  'exception_stacktrace',
  'traceback',
];

const answerSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({
        stream: z.record(z.string(), z.string()),
        values: z.array(
          z.tuple([
            z.string(),
            z.string(),
            z.object({ structuredMetadata: z.record(z.string(), z.string()) }),
          ]),
        ),
      }),
    ),
  }),
});

/** Names of labels, which are indexed, and of structured metadata, by line. */
async function namesOf(
  service: string,
  runId: string,
): Promise<Readonly<Record<string, readonly [labels: string[], metadata: string[]]>>> {
  const response = await fetch(
    urlWith(`${stack.lokiUrl}/loki/api/v1/query_range`, {
      query: `{service_name="${service}"} | run_id="${runId}"`,
    }),
    // Else Loki puts both into one.
    { headers: { 'X-Loki-Response-Encoding-Flags': 'categorize-labels' } },
  );
  const { data } = answerSchema.parse(await response.json());
  return Object.fromEntries(
    data.result.flatMap(({ stream, values }) =>
      values.map(([, line, { structuredMetadata }]) => [
        line,
        [Object.keys(stream).toSorted(), Object.keys(structuredMetadata).toSorted()] as const,
      ]),
    ),
  );
}

test('labels and fields of the lines of a run are these, and no others', async () => {
  const runId = createRunId({ subdomain: 'alameda' });
  await runStageOnce('fails', stack.otlpUrl, { runId });
  await linesOfRun(stack, runId, 4);
  const metadata = (...more: readonly string[]): readonly string[] =>
    [...ALWAYS, ...more].toSorted();
  expect(await namesOf('nightly', runId)).toEqual({
    run_started: [INDEXED, metadata()],
    ocr_started: [[...INDEXED, 'stage'].toSorted(), metadata()],
    ocr_failed: [[...INDEXED, 'stage'].toSorted(), metadata(...ENDED, ...FAILED)],
    run_failed: [INDEXED, metadata(...ENDED, ...FAILED)],
  });
});

test('an SDK of the program itself puts no command line, owner or machine ID beside its lines', async () => {
  const data = mkdtempSync(join(tmpdir(), 'milepost-own-sdk-'));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const child = spawn(
    process.execPath,
    [...RUN_TYPESCRIPT, '--conditions=@milepost/source', OWN_SDK, data],
    {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'] ?? '', OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl },
    },
  );
  await once(child, 'close');
  expect(child.exitCode).toBe(0);
  const names = await vi.waitFor(
    async () => {
      const found = await namesOf('own-sdk', OWN_SDK_RUN);
      expect(Object.keys(found)).toContain('deploy_completed');
      return found;
    },
    { timeout: 60_000, interval: 500 },
  );
  const all = new Set(Object.values(names).flat(2));
  expect([...all].filter((name) => /^(host|os|process)_/.test(name)).toSorted()).toEqual([
    'host_name',
    'process_pid',
  ]);
});
