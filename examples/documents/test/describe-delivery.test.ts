import { expect, test } from 'vitest';
import { describeDelivery } from '../src/describe-delivery.ts';

const ok = { status: 'ok', undelivered: 0 } as const;
const delivered = { traces: ok, logs: ok, metrics: ok, registry: ok };
const endpoint = 'http://localhost:4318';

test('all of it was sent', () => {
  expect(describeDelivery(endpoint, delivered)).toBe('sent to http://localhost:4318');
});

test('some of it was not, and why', () => {
  const traces = { status: 'failed', undelivered: 6, error: 'ECONNREFUSED' } as const;
  const metrics = { status: 'timeout', undelivered: 0 } as const;
  expect(describeDelivery(endpoint, { ...delivered, traces, metrics })).toBe(
    'not delivered to http://localhost:4318: traces (ECONNREFUSED), metrics (timeout)',
  );
});

test('nobody was to have it', () => {
  expect(describeDelivery(undefined, delivered)).toBe(
    'not sent: OTEL_EXPORTER_OTLP_ENDPOINT names no collector',
  );
});
