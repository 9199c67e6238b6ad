import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { askUntil, urlWith } from './ask.ts';
import { askPanel } from './examples/ask-panel.ts';
import { dashboardPanels, queriesOfPanel } from './panels.ts';
import { type Stack, startStack } from './start-stack.ts';

// What the collector takes, and the server behind it refuses for good: nobody who sends hears of it.

const HOUR_SECONDS = 3600;
const TEN_DAYS_MS = 10 * 24 * HOUR_SECONDS * 1000;
// Loki takes lines of 256 kB.
const TOO_LONG = 'x'.repeat(400_000);
// Of 1.6 MB each; Tempo takes 20 MB of a trace.
const REQUESTS_OF_SPANS = 15;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(async () => {
  await stack.stop();
});

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'refused' } }] };

async function send(signal: 'logs' | 'metrics' | 'traces', body: object): Promise<void> {
  const { status } = await fetch(`${stack.otlpUrl}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(status).toBe(200);
}

const nanos = (ms: number): string => `${ms}000000`;

function sendLogs(): Promise<void> {
  const now = Date.now();
  const line = (timeMs: number, body: string): object => ({
    timeUnixNano: nanos(timeMs),
    body: { stringValue: body },
  });
  const logRecords = [
    ...Array.from({ length: 50 }, (_, index) => line(now + index, `line ${index}`)),
    line(now, TOO_LONG),
    line(now - TEN_DAYS_MS, 'too old'),
  ];
  return send('logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
}

function sendMetrics(): Promise<void> {
  const now = Date.now();
  const dataPoints = [now, now - TEN_DAYS_MS].map((timeMs) => ({
    timeUnixNano: nanos(timeMs),
    asDouble: 1,
  }));
  const metrics = [{ name: 'refused', gauge: { dataPoints } }];
  return send('metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
}

async function sendTrace(): Promise<void> {
  const start = Date.now();
  const attributes = Array.from({ length: 50 }, (_, index) => ({
    key: `attribute.${index}`,
    value: { stringValue: 'x'.repeat(4000) },
  }));
  for (let request = 0; request < REQUESTS_OF_SPANS; request += 1) {
    const spans = Array.from({ length: 8 }, (_, index) => ({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: (0xb7ad_0000_0000 + request * 8 + index).toString(16).padStart(16, '0'),
      name: 'too-large',
      startTimeUnixNano: nanos(start),
      endTimeUnixNano: nanos(start + 1),
      attributes,
    }));
    await send('traces', { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
  }
}

const COLLECTOR = { job: 'otel-collector', reason: 'refused_by_backend' };
const REFUSED: readonly Readonly<Record<string, string>>[] = [
  { ...COLLECTOR, exporter: 'otlp_http/loki', signal: 'logs' },
  { ...COLLECTOR, exporter: 'otlp_http/prometheus', signal: 'metrics' },
  { job: 'loki', signal: 'logs', reason: 'line_too_long' },
  { job: 'loki', signal: 'logs', reason: 'greater_than_max_sample_age' },
  { job: 'tempo', signal: 'traces', reason: 'trace_too_large' },
];

test('lines, samples and spans that were accepted and then refused are told, and shown', async () => {
  await Promise.all([sendLogs(), sendMetrics(), sendTrace()]);

  const query = 'ALERTS{alertname="PipelineTelemetryLost", alertstate="firing"}';
  const row = z.object({ metric: z.record(z.string(), z.string()) });
  const told = await askUntil(
    urlWith(`${stack.prometheusUrl}/api/v1/query`, { query }),
    z.object({ data: z.object({ result: z.array(row).min(REFUSED.length) }) }),
  );
  const labels = told.data.result.map(({ metric }) => metric);
  expect(labels).toEqual(
    expect.arrayContaining(REFUSED.map((wanted) => expect.objectContaining(wanted))),
  );
  expect(labels).toHaveLength(REFUSED.length);

  const panel = dashboardPanels().find(({ title }) => title === 'Refused behind the collector');
  const [shown] = panel === undefined ? [] : queriesOfPanel(panel);
  if (shown === undefined) throw new Error('no such panel');
  const to = Math.ceil(Date.now() / 1000);
  const rows = await askPanel(
    shown,
    stack,
    { pipeline: '', subdomain: '', stage: '', runId: '' },
    { from: to - HOUR_SECONDS, to, step: HOUR_SECONDS },
  );
  const values = rows.map(({ labels: { job, reason }, values: [value] }) => [job, reason, value]);
  // Of the request in which Loki refused two lines the collector counts all.
  expect(values).toContainEqual(['otel-collector', 'refused_by_backend', 52]);
  expect(values).toContainEqual(['loki', 'line_too_long', 1]);
  expect(values).toContainEqual(['loki', 'greater_than_max_sample_age', 1]);
  expect(rows).toHaveLength(REFUSED.length);
});

test('each start of the collector counts in series of its own, or the same count again would look like the old one', async () => {
  const instanceOf = async (): Promise<string | undefined> => {
    const said = await (await fetch(stack.collectorMetricsUrl)).text();
    return /^otelcol_exporter_\w+\{.*service_instance_id="(?<id>[^"]+)"/m.exec(said)?.groups?.[
      'id'
    ];
  };
  const before = await instanceOf();
  await stack.collector.stop();
  await stack.collector.start();
  const after = await instanceOf();
  expect([before, after]).toEqual([expect.any(String), expect.any(String)]);
  expect(after).not.toBe(before);
});
