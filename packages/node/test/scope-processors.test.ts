import { SeverityNumber, logs, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import { MilepostIdGenerator, ScopeLogRecordProcessor, ScopeSpanProcessor } from '@milepost/node';
import { startInMemorySdk } from './in-memory-sdk.ts';

const RUN_ID = 'alameda_1737072000_abc123';

function start(): ReturnType<typeof startInMemorySdk> {
  return startInMemorySdk({
    idGenerator: new MilepostIdGenerator(),
    spanProcessors: [new ScopeSpanProcessor()],
    logRecordProcessors: [new ScopeLogRecordProcessor()],
  });
}

test('spans of others carry the place where they were made', () => {
  const { spans } = start();
  const tracer = trace.getTracer('other');
  tracer.startSpan('before').end();
  withRun({ pipeline: 'minutes', subdomain: 'alameda', runId: RUN_ID }, () => {
    tracer.startSpan('in the run').end();
    withStage('ocr', () => {
      tracer.startSpan('in the stage').end();
      withItem('a.pdf', () => tracer.startSpan('at the item').end());
    });
  });

  const stamped = spans
    .getFinishedSpans()
    .filter(({ instrumentationScope }) => instrumentationScope.name === 'other')
    .map(({ name, attributes }) => ({ name, ...attributes }));
  const run = { 'run.id': RUN_ID, pipeline: 'minutes', subdomain: 'alameda' };
  expect(stamped).toEqual([
    { name: 'before' },
    { name: 'in the run', ...run },
    { name: 'in the stage', ...run, stage: 'ocr' },
    { name: 'at the item', ...run, stage: 'ocr', 'item.id': 'a.pdf' },
  ]);
});

test('what a span has already stays', () => {
  const { spans } = start();
  withRun({ pipeline: 'minutes', runId: RUN_ID }, () =>
    withStage('ocr', () => {
      const attributes = { stage: 'ocr_page', 'run.id': 'other', 'pipeline.unit': 'stage' };
      trace.getTracer('other').startSpan('page', { attributes }).end();
    }),
  );
  expect(spans.getFinishedSpans()[0]?.attributes).toEqual({
    stage: 'ocr_page',
    'run.id': 'other',
    'pipeline.unit': 'stage',
    pipeline: 'minutes',
  });
});

test.for([
  [SeverityNumber.DEBUG, { level: 'debug' }],
  [SeverityNumber.INFO, { level: 'info' }],
  [SeverityNumber.WARN, { level: 'warning' }],
  [SeverityNumber.ERROR, { level: 'error', status: 'failed' }],
  [undefined, {}],
] as const)('log records of others with severity %s', ([severityNumber, expected]) => {
  const { logRecords } = start();
  const record = { body: 'hello', ...(severityNumber !== undefined && { severityNumber }) };
  const emit = (): void => logs.getLogger('other').emit(record);
  emit();
  withRun({ pipeline: 'minutes', runId: RUN_ID }, () => withStage('ocr', emit));

  const [outside, inside] = logRecords
    .getFinishedLogRecords()
    .filter(({ instrumentationScope }) => instrumentationScope.name === 'other');
  expect(outside?.attributes).toEqual({});
  expect(inside?.attributes).toEqual({
    'run.id': RUN_ID,
    pipeline: 'minutes',
    stage: 'ocr',
    ...expected,
  });
});

test('what a log record has already stays', () => {
  const { logRecords } = start();
  const attributes = { level: 'FATAL', status: 'partial', stage: 'mine', pipeline: 'yours' };
  withRun({ pipeline: 'minutes', runId: RUN_ID }, () =>
    logs.getLogger('other').emit({ severityNumber: SeverityNumber.FATAL, attributes }),
  );
  const record = logRecords
    .getFinishedLogRecords()
    .find(({ instrumentationScope }) => instrumentationScope.name === 'other');
  expect(record?.attributes).toEqual({ ...attributes, 'run.id': RUN_ID });
});

test('a record or span that cannot be stamped does not break the call', () => {
  const broken = {
    getValue: (): never => {
      throw new Error('broken context');
    },
  } as never;
  expect(() => new ScopeSpanProcessor().onStart({} as never, broken)).not.toThrow();
  expect(() => new ScopeLogRecordProcessor().onEmit({} as never, broken)).not.toThrow();
});

test('stamping alone does not make anybody build log records', () => {
  expect(new ScopeLogRecordProcessor().enabled()).toBe(false);
});
