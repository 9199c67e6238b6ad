import { expect, test } from 'vitest';
import { describeDelivery } from '../src/describe-delivery.ts';

const ok = { status: 'ok', waiting: 0, lost: 0 } as const;
const delivered = { traces: ok, logs: ok, metrics: ok, registry: ok };
const endpoint = 'http://localhost:4318';

test('all of it was sent', () => {
  expect(describeDelivery(endpoint, delivered)).toBe('sent to http://localhost:4318');
});

test('some of it was not, and why', () => {
  const traces = { status: 'failed', waiting: 0, lost: 6, error: 'rejected' } as const;
  const metrics = { status: 'waiting', waiting: 3, lost: 0, error: 'ECONNREFUSED' } as const;
  expect(describeDelivery(endpoint, { ...delivered, traces, metrics })).toBe(
    'not delivered to http://localhost:4318: traces (rejected), metrics (ECONNREFUSED)',
  );
});

test('it waits for the collector', () => {
  const logs = { status: 'waiting', waiting: 3, lost: 0, error: 'ECONNREFUSED' } as const;
  expect(describeDelivery(endpoint, { ...delivered, logs })).toBe(
    'waits to be sent to http://localhost:4318: logs (ECONNREFUSED)',
  );
});

test('nobody was to have it', () => {
  expect(describeDelivery(undefined, delivered)).toBe(
    'not sent: OTEL_EXPORTER_OTLP_ENDPOINT names no collector',
  );
});
