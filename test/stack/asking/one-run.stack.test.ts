import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createRunId, runSpanId, runTraceId } from '@milepost/run-id';
import { askUntil, urlWith } from '../ask.ts';
import { type OpenedStack, openStack } from '../open-stack.ts';
import { runStageOnce } from '../run-stage-once.ts';

let stack: OpenedStack;

beforeAll(async () => {
  stack = await openStack();
});
afterAll(async () => {
  await stack.stop();
});

test('what it sent is in all three servers under the names of the fields, and the logs lead to the trace', async () => {
  const runId = createRunId({ subdomain: 'alameda' });
  const traceId = runTraceId(runId);
  await runStageOnce('fails', stack.otlpUrl, { runId });

  const lines = await askUntil(
    urlWith(`${stack.lokiUrl}/loki/api/v1/query_range`, {
      query: `{service_name="nightly"} | run_id="${runId}"`,
      direction: 'forward',
    }),
    z.object({
      data: z.object({
        result: z
          .array(
            z.object({
              stream: z.record(z.string(), z.string()),
              values: z.array(z.tuple([z.string(), z.string()])),
            }),
          )
          .refine((streams) => streams.length >= 4),
      }),
    }),
  );
  const failed = lines.data.result.find(({ values }) => values[0]?.[1] === 'ocr_failed');
  expect(failed?.stream).toMatchObject({
    service_name: 'nightly',
    run_id: runId,
    trace_id: traceId,
    pipeline: 'minutes',
    stage: 'ocr',
    subdomain: 'alameda',
    status: 'failed',
    level: 'error',
    error_type: 'TypeError',
    error_message: 'not a PDF',
    traceback: expect.stringContaining('stage-once.ts'),
  });
  expect(
    lines.data.result.flatMap(({ values }) => values.map(([, line]) => line)).toSorted(),
  ).toEqual(['ocr_failed', 'ocr_started', 'run_failed', 'run_started']);

  const found = await askUntil(
    `${stack.tempoUrl}/api/traces/${traceId}`,
    z.object({
      batches: z.array(
        z.object({
          scopeSpans: z.array(
            z.object({
              spans: z.array(
                z.object({
                  name: z.string(),
                  spanId: z.string(),
                  parentSpanId: z.string().optional(),
                }),
              ),
            }),
          ),
        }),
      ),
    }),
  );
  const spans = found.batches.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap((scope) => scope.spans),
  );
  const rootId = Buffer.from(runSpanId(runId, 1), 'hex').toString('base64');
  expect(
    spans
      .map(({ name, spanId, parentSpanId }) => ({
        name,
        isRoot: spanId === rootId,
        parentSpanId: parentSpanId ?? '',
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name)),
  ).toEqual([
    { name: 'minutes', isRoot: true, parentSpanId: '' },
    { name: 'ocr', isRoot: false, parentSpanId: rootId },
  ]);
});
