import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DiagLogLevel, ROOT_CONTEXT, context, diag, logs, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import {
  InMemorySpanExporter,
  RandomIdGenerator,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createJob, log, withJob, withRun, withStage } from '@milepost/core';
import { takeReservedSpanId, takeReservedTraceId } from '@milepost/core/hooks';
import { runTraceId } from '@milepost/run-id';
import vectors from '../packages/semconv/job-envelope.vectors.json' with { type: 'json' };
import { python } from './python-programs.ts';

// What workers in other languages are checked with: the code agrees, and so does a worker in Python.

const spans = new InMemorySpanExporter();
const records = new InMemoryLogRecordExporter();
/** What was said since the beginning. */
const said: string[] = [];

beforeAll(() => {
  const say = (message: string): void => void said.push(message);
  diag.setLogger({ error: say, warn: say, info: say, debug: say, verbose: say }, DiagLogLevel.WARN);
  const random = new RandomIdGenerator();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new TracerProvider({
      idGenerator: {
        generateSpanId: () => takeReservedSpanId() ?? random.generateSpanId(),
        generateTraceId: () => takeReservedTraceId() ?? random.generateTraceId(),
      },
      spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
    }),
  );
  logs.setGlobalLoggerProvider(
    new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: records })] }),
  );
});
afterAll(() => {
  context.disable();
  trace.disable();
  logs.disable();
  diag.disable();
});
afterEach(() => {
  spans.reset();
  records.reset();
  vi.unstubAllEnvs();
});

/** A span as the vectors have it. */
function asVector(span: ReadableSpan | undefined): object {
  return {
    trace_id: span?.spanContext().traceId,
    parent_span_id: span?.parentSpanContext?.spanId,
    attributes: span?.attributes,
    span_id: span?.spanContext().spanId,
    links: span?.links.map((link) => ({
      trace_id: link.context.traceId,
      span_id: link.context.spanId,
    })),
    name: span?.name,
  };
}

function told({ body, eventName, attributes }: ReadableLogRecord): object {
  return { body, eventName, attributes };
}

const flagged = (): boolean =>
  records
    .getFinishedLogRecords()
    .some(({ attributes }) =>
      [attributes['milepost.flags']].flat().some((flag) => flag === 'envelope_invalid'),
    );

describe('the code agrees with the vectors', () => {
  test.for(vectors.jobs)('$name', ({ envelope, queue, job_id: jobId, attempt, span }) => {
    withJob(envelope, { queue, jobId, attempt }, () => undefined);
    const { attributes, name } = span;
    expect(spans.getFinishedSpans().map(asVector)).toEqual([
      { ...span, attributes: { ...attributes, 'pipeline.unit': 'job', status: 'completed' } },
    ]);
    const start_time = expect.stringMatching(/Z$/);
    const started = { ...attributes, level: 'info', status: 'started', start_time };
    expect(records.getFinishedLogRecords().map(told)).toEqual([
      { body: `Started ${name}`, eventName: 'job_started', attributes: started },
      {
        body: `Completed ${name}`,
        eventName: 'job_completed',
        attributes: {
          ...started,
          status: 'completed',
          end_time: expect.stringMatching(/Z$/),
          'duration.seconds': expect.any(Number),
        },
      },
    ]);
  });

  const handingOn = vectors.jobs.filter(({ next }) => next !== undefined);
  test.for(handingOn)('$name: what it hands on', ({ envelope, queue, job_id, attempt, next }) => {
    const created = withJob(envelope, { queue, jobId: job_id, attempt }, () =>
      createJob({ name: 'publish_job' }),
    );
    expect(created).toEqual({ ...next, enqueued_at: expect.any(Number) });
  });

  test.for(vectors.programs)('$name goes on', ({ envelope, place }) => {
    vi.stubEnv('MILEPOST_RUN', JSON.stringify(envelope));
    withRun({ pipeline: 'child' }, () => {
      log.info('counting');
      withStage('count', () => undefined);
    });
    const { trace_id, parent_span_id, attributes } = place;
    const inStage = { ...attributes, stage: 'count' };
    expect(spans.getFinishedSpans().map(asVector)).toMatchObject([
      { trace_id, parent_span_id, name: 'count', attributes: inStage },
    ]);
    expect(records.getFinishedLogRecords().map(told)).toMatchObject([
      { body: 'counting', attributes: { ...attributes, level: 'info' } },
      { body: 'count_started', attributes: inStage },
      { body: 'count_completed', attributes: inStage },
    ]);
  });

  test.for(vectors.sampling)('the run $name', ({ run_id, ratio, sampled }) => {
    const traceId = runTraceId(run_id);
    const { decision } = new TraceIdRatioBasedSampler(ratio).shouldSample(ROOT_CONTEXT, traceId);
    expect(decision === SamplingDecision.RECORD_AND_SAMPLED).toBe(sampled);
  });

  test.for(vectors.templates)('$name is taken', ({ envelope }) => {
    withJob(envelope, { queue: 'nightly', jobId: '1' }, () => undefined);
    expect(flagged()).toBe(false);
  });

  test.for(vectors.invalid)('$name is refused: the job runs in a run of its own', (row) => {
    const ran = withJob(row.envelope, { queue: 'ocr', jobId: '1' }, (job) => job.run.runId);
    expect(ran).toMatch(/^ocr_\d{10}_[a-z0-9]{6}$/);
    expect(flagged()).toBe(true);
  });
});

test('whatever rubbish jobs carry, it is said once in a process', () => {
  for (const { envelope } of vectors.invalid)
    withJob(envelope, { queue: 'ocr', jobId: '1' }, () => undefined);
  expect(said.filter((message) => message.includes('envelope'))).toHaveLength(1);
});

describe('a worker in Python, with the standard library only,', () => {
  const path = fileURLToPath(
    new URL('../packages/semconv/job-envelope.vectors.json', import.meta.url),
  );
  const checker = fileURLToPath(new URL('python/check_envelopes.py', import.meta.url));

  test('agrees with the vectors', () => {
    const rows = Object.values(vectors).flat().length;
    expect(python('check_envelopes.py', path)).toBe(
      `${rows} of ${rows} vectors follow from the rules\n`,
    );
  });

  const [job, program, template, invalid] = [
    vectors.jobs[0],
    vectors.programs[0],
    vectors.templates[0],
    vectors.invalid[0],
  ];
  test.for([
    ['a wrong span', { jobs: [{ ...job, span: { ...job?.span, span_id: '0123456789abcdef' } }] }],
    ['a wrong trace', { programs: [{ ...program, place: { ...program?.place, trace_id: '0' } }] }],
    ['a template that is none', { templates: [{ ...template, envelope: {} }] }],
    ['a valid one among the invalid', { invalid: [{ ...invalid, envelope: job?.envelope }] }],
  ] as const)('finds %s', ([, wrong]) => {
    const directory = mkdtempSync(join(tmpdir(), 'milepost-vectors-'));
    try {
      const file = join(directory, 'vectors.json');
      writeFileSync(file, JSON.stringify(wrong));
      const { status, stdout } = spawnSync('python3', ['-B', checker, file], { encoding: 'utf8' });
      expect(stdout).toMatch(/\n0 of 1 vectors follow from the rules\n$/);
      expect(status).toBe(1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
