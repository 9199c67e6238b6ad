import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createRunId, runSpanId, runTraceId } from '@milepost/run-id';
import { askUntil, urlWith } from './ask.ts';
import { runStageOnce } from './run-stage-once.ts';
import { type Stack, startStack } from './start-stack.ts';
import { type Webhook, startWebhook } from './webhook.ts';

let webhook: Webhook;
let stack: Stack;

beforeAll(async () => {
  webhook = await startWebhook();
  stack = await startStack({ webhookUrl: webhook.url });
});
afterAll(async () => {
  await stack.stop();
  await webhook.close();
});

test('the first failure ever of a process that runs once and ends is told, and the next success ends it', async () => {
  expect(await runStageOnce('fails', stack.otlpUrl)).toBe(1);

  const alert = await webhook.told('firing', 'PipelineStageFailed');
  expect(alert.labels).toEqual({
    alertname: 'PipelineStageFailed',
    job: 'nightly',
    pipeline: 'minutes',
    stage: 'ocr',
    subdomain: 'alameda',
    severity: 'critical',
  });
  expect(alert.annotations['summary']).toBe('ocr of minutes (alameda) failed');

  expect(await runStageOnce('completes', stack.otlpUrl)).toBe(0);
  await webhook.told('resolved', 'PipelineStageFailed');
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

test('two processes of one service add up exactly', async () => {
  const runs = urlWith(`${stack.prometheusUrl}/api/v1/query`, {
    query:
      'sum by (status) (max_over_time(pipeline_stage_runs_total{job="nightly"}[1h]) - min_over_time(pipeline_stage_runs_total{job="nightly"}[1h]))',
  });
  const answer = await askUntil(
    runs,
    z.object({
      data: z.object({
        result: z
          .array(
            z.object({
              metric: z.object({ status: z.string() }),
              value: z.tuple([z.number(), z.string()]),
            }),
          )
          .refine((series) => series.length >= 2),
      }),
    }),
  );
  const counts = Object.fromEntries(
    answer.data.result.map(({ metric, value }) => [metric.status, value[1]]),
  );
  // One failed and one completed for the alert, one failed for the look at all three servers.
  expect(counts).toMatchObject({ failed: '2', completed: '1' });
});
