import { describe, expect, test } from 'vitest';
import {
  hubStepSchema,
  parseExecutionTraceEntry,
  parseHub,
  parseHubStep,
  parseSourceJob,
  parseSpoke,
} from '@milepost/semconv/schemas';
import { readFixture } from './read-fixture.ts';

describe('the examples of the registry format', () => {
  test.for(['hub-guide', 'hub-quick-reference', 'hub-quirks'])('%s is a hub, unchanged', (name) => {
    expect(parseHub(readFixture(name))).toEqual(readFixture(name));
  });

  test.for(['spoke-guide', 'saved-step-quick-reference'])('%s is a spoke, unchanged', (name) => {
    expect(parseSpoke(readFixture(name))).toEqual(readFixture(name));
  });

  test('source-job is an upload job, unchanged', () => {
    expect(parseSourceJob(readFixture('source-job'))).toEqual(readFixture('source-job'));
  });

  test('every field of a step is known by its name', () => {
    const hub = parseHub(readFixture('hub-guide'));
    const ocr = parseHubStep(hub.pipeline_steps?.['ocr']);
    expect({ ...ocr }).toEqual({
      job_id: '2026-01-01_21-37-23',
      status: 'completed',
      timestamp: '2026-01-01T21:37:23Z',
      metadata_path: 'ocr/job_metadata/2026-01-01_21-37-23.json',
      citekeys: { total: 50, successful: 50, failed: 0, list: ['citekey1', 'citekey2'] },
      results_summary: { total_pages: 5000, total_images: 0 },
    });
    expect(parseHubStep(hub.pipeline_steps?.['toc'])).toEqual({ job_id: null, status: 'pending' });
    expect(hub.execution_trace?.map(parseExecutionTraceEntry)).toEqual([
      {
        step: 'ocr',
        job_id: '2026-01-01_21-37-23',
        timestamp: '2026-01-01T21:37:23Z',
        status: 'completed',
      },
    ]);
  });

  test('a step of an odd shape does not hide the others', () => {
    const steps = Object.values(parseHub(readFixture('hub-quirks')).pipeline_steps ?? {});
    expect(steps.map((step) => hubStepSchema.safeParse(step).success)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('what is no such record', () => {
  test.for([
    {
      name: 'a hub that is a list',
      parse: () => parseHub([1]),
      code: 'invalid_hub',
      message: 'not a hub: Invalid input: expected object, received array ([1])',
    },
    {
      name: 'a hub whose steps are a list',
      parse: () => parseHub({ pipeline_steps: ['ocr'] }),
      code: 'invalid_hub',
      message:
        'not a hub: pipeline_steps: Invalid input: expected record, received array (["ocr"])',
    },
    {
      name: 'a spoke with two faults',
      parse: () => parseSpoke({ status: 1, citekeys: { list: 'a' } }),
      code: 'invalid_spoke',
      message:
        'not a spoke: status: Invalid input: expected string, received number (1); citekeys.list: Invalid input: expected array, received string ("a")',
    },
    {
      name: 'a source job that is nothing',
      parse: () => parseSourceJob(undefined),
      code: 'invalid_source_job',
      message: 'not a source job: Invalid input: expected object, received undefined (nothing)',
    },
  ])('$name: $message', ({ parse, code, message }) => {
    expect(parse).toThrow(expect.objectContaining({ name: 'SchemaError', code, message }));
  });
});
