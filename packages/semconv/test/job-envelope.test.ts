import { expect, test } from 'vitest';
import { parseJobEnvelope } from '@milepost/semconv/schemas';

const run = { id: 'alameda_1737072000_abc123', attempt: 1, pipeline: 'minutes', started_at: 1.5 };

test('a whole envelope comes back as it was', () => {
  const envelope = {
    version: 1,
    run: {
      ...run,
      subdomain: 'alameda',
      client_id: 'Guy-Wilson',
      parent_run_id: 'p',
      implicit: false,
      stages: ['fetch', 'ocr'],
      source: '2026-01-01_20-48-14',
    },
    stage: {
      name: 'ocr',
      occurrence: 2,
      attempt: 1,
      execution_id: '0123456789abcdef',
      started_at: 2,
    },
    name: 'ocr_page_job',
    parent_job_id: '17',
    enqueued_at: 3,
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    later_key: true,
  };
  expect(parseJobEnvelope(envelope)).toEqual(envelope);
});

test('the least is a version and a run', () => {
  expect(parseJobEnvelope({ version: 1, run })).toEqual({ version: 1, run });
});

test.for([
  ['a later version', { version: 2, run }, 'version: '],
  ['no run', { version: 1 }, 'run: '],
  ['a path as run ID', { version: 1, run: { ...run, id: '../x' } }, 'run.id: expected a run ID'],
  ['a dotted end', { version: 1, run: { ...run, id: 'x.' } }, 'run.id: expected a run ID'],
  ['an ID of 129', { version: 1, run: { ...run, id: 'x'.repeat(129) } }, 'run.id: '],
  ['attempt 0', { version: 1, run: { ...run, attempt: 0 } }, 'run.attempt: '],
  ['null for absent', { version: 1, run, name: null }, 'name: '],
  ['a bad traceparent', { version: 1, run, traceparent: 'x' }, 'traceparent: expected a W3C'],
  ['text', 'x', 'expected object'],
] as const)('%s is an error', ([, value, message]) => {
  expect(() => parseJobEnvelope(value)).toThrow(
    expect.objectContaining({
      code: 'invalid_job_envelope',
      message: expect.stringContaining(message),
    }),
  );
});
