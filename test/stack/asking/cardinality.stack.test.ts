import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { askUntil, urlWith } from '../ask.ts';
import { type OpenedStack, openStack } from '../open-stack.ts';

let stack: OpenedStack;

beforeAll(async () => {
  stack = await openStack();
});
afterAll(async () => {
  await stack.stop();
});

const NOT_ON_METRICS = ['run.id', 'run_id', 'job.id', 'parent_job.id', 'item.id', 'error.message'];

test('the collector takes off a metric what would make a series per run, whoever put it there', async () => {
  const attributes = ['stage', 'client.id', ...NOT_ON_METRICS].map((key) => ({
    key,
    value: { stringValue: `some ${key}` },
  }));
  const sent = await fetch(`${stack.otlpUrl}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'other' } }] },
          scopeMetrics: [
            {
              metrics: [
                {
                  name: 'of.others',
                  gauge: {
                    dataPoints: [{ attributes, timeUnixNano: `${Date.now()}000000`, asDouble: 1 }],
                  },
                },
              ],
            },
          ],
        },
      ],
    }),
  });
  expect(sent.status).toBe(200);
  const series = z.object({ metric: z.record(z.string(), z.string()) });
  const answer = await askUntil(
    urlWith(`${stack.prometheusUrl}/api/v1/query`, { query: 'of_others' }),
    z.object({ data: z.object({ result: z.tuple([series]) }) }),
  );
  expect(answer.data.result[0].metric).toEqual({
    __name__: 'of_others',
    job: 'other',
    service_name: 'other',
    stage: 'some stage',
    client_id: 'some client.id',
  });
});
