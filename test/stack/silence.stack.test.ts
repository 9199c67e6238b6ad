import { afterAll, beforeAll, expect, test } from 'vitest';
import { runStageOnce } from './run-stage-once.ts';
import { type Stack, startStack } from './start-stack.ts';
import { type Webhook, startWebhook } from './webhook.ts';

// The rules are those that are committed, with shorter intervals.
let webhook: Webhook;
let stack: Stack;

beforeAll(async () => {
  webhook = await startWebhook();
  stack = await startStack({ webhookUrl: webhook.url, alertSettings: { goneAfter: '15s' } });
});
afterAll(async () => {
  await stack.stop();
  await webhook.close();
});

test('a stage whose process was killed, and the next success', async () => {
  expect(await runStageOnce('hangs', stack.otlpUrl)).toBeNull();
  const alert = await webhook.told('firing', 'PipelineStageStuck');
  expect(alert.annotations['summary']).toBe('ocr of minutes (alameda) started and never ended');

  expect(await runStageOnce('completes', stack.otlpUrl)).toBe(0);
  await webhook.told('resolved', 'PipelineStageStuck');
});

test('a schedule that was missed, and the next start', async () => {
  expect(await runStageOnce('completes', stack.otlpUrl, { expectedIntervalSeconds: 5 })).toBe(0);
  const alert = await webhook.told('firing', 'PipelineStageStale');
  expect(alert.annotations['summary']).toBe('ocr of minutes (alameda) did not run when expected');

  expect(await runStageOnce('completes', stack.otlpUrl, { expectedIntervalSeconds: 3600 })).toBe(0);
  await webhook.told('resolved', 'PipelineStageStale');
});
