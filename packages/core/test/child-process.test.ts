import { afterEach, describe, expect, test, vi } from 'vitest';
import { childEnvironment, withRun, withStage } from '@milepost/core';
import { runSpanId, runTraceId } from '@milepost/run-id';
import { runProgram } from './run-program.ts';
import { useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
afterEach(() => {
  vi.unstubAllEnvs();
});

interface ChildSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Child {
  readonly run: Readonly<Record<string, unknown>>;
  readonly again: Readonly<Record<string, unknown>>;
  readonly spans: readonly ChildSpan[];
  readonly logs: readonly string[];
  readonly events: readonly string[];
  readonly said: readonly string[];
}

/** A program of a user: a run of two stages, and a second run. It prints what became of it. */
const PROGRAM = `
import { context, diag, DiagLogLevel, logs, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { InMemorySpanExporter, RandomIdGenerator, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { withRun, withStage } from '@milepost/core';
import { subscribeLifecycle, takeReservedSpanId, takeReservedTraceId } from '@milepost/core/hooks';

const said = [];
const say = (message) => said.push(message);
diag.setLogger({ error: say, warn: say, info: say, debug: say, verbose: say }, DiagLogLevel.WARN);
const events = [];
subscribeLifecycle({ onEvent: ({ type }) => events.push(type) });
const random = new RandomIdGenerator();
const idGenerator = {
  generateSpanId: () => takeReservedSpanId() ?? random.generateSpanId(),
  generateTraceId: () => takeReservedTraceId() ?? random.generateTraceId(),
};
const [spans, records] = [new InMemorySpanExporter(), new InMemoryLogRecordExporter()];
if (!process.env.NO_SDK) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new TracerProvider({ idGenerator, spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }),
  );
  logs.setGlobalLoggerProvider(
    new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: records })] }),
  );
}
const again = (run) => ({ ...run });
const run = await withRun({ pipeline: 'child', subdomain: 'own' }, async (run) => {
  await withStage('ocr_pages', async () => withStage('page', async () => {}));
  return { ...run };
});
const second = withRun({ pipeline: 'second' }, again);
console.log(
  JSON.stringify({
    run,
    again: second,
    events,
    said,
    spans: spans.getFinishedSpans().map((span) => ({
      name: span.name,
      ...span.spanContext(),
      parentSpanId: span.parentSpanContext?.spanId,
      attributes: span.attributes,
    })),
    logs: records.getFinishedLogRecords().map((record) => record.body),
  }),
);
`;

async function runChild(env: Readonly<Record<string, string>>): Promise<Child> {
  const { code, stdout, stderr } = await runProgram(PROGRAM, env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Child;
}

const PARENT = {
  pipeline: 'minutes',
  subdomain: 'alameda',
  client: 'Guy-Wilson',
  runId: 'parent-1',
  attempt: 2,
  stages: ['ocr', 'deploy'],
  source: 'upload-1',
};
const JOINED = {
  runId: 'parent-1',
  traceId: runTraceId('parent-1'),
  attempt: 2,
  pipeline: 'minutes',
  subdomain: 'alameda',
  clientId: 'Guy-Wilson',
  implicit: false,
  joined: true,
  stages: ['ocr', 'deploy'],
  source: 'upload-1',
  startTime: expect.any(Number),
};

describe.concurrent('a child process with the environment of childEnvironment', () => {
  test('joins the run, under the stage that started it', async () => {
    const child = await withRun(PARENT, () => withStage('ocr', () => runChild(childEnvironment())));
    expect(child.run).toEqual(JOINED);
    expect(child.again).toEqual(JOINED);
    const ocr = telemetry.sdk.span('ocr').spanContext();
    const [page, pages] = child.spans;
    expect(child.spans.map(({ name }) => name)).toEqual(['page', 'ocr_pages']);
    expect(new Set(child.spans.map(({ traceId }) => traceId))).toEqual(new Set([ocr.traceId]));
    expect(pages?.parentSpanId).toBe(ocr.spanId);
    expect(page?.parentSpanId).toBe(pages?.spanId);
    expect(pages?.attributes).toEqual({
      'run.id': 'parent-1',
      pipeline: 'minutes',
      subdomain: 'alameda',
      'client.id': 'Guy-Wilson',
      stage: 'ocr_pages',
      'pipeline.unit': 'stage',
      attempt: 1,
      retry_count: 0,
      status: 'completed',
    });
    expect(child.logs).toEqual([
      'ocr_pages_started',
      'page_started',
      'page_completed',
      'ocr_pages_completed',
    ]);
    expect(child.events).toEqual([
      'run_started',
      'stage_started',
      'stage_started',
      'stage_ended',
      'stage_ended',
      'run_started',
    ]);
    expect(child.said).toEqual([]);
  });
});

test('where no SDK runs in the parent, the child hangs under the root of the run', async () => {
  const { context, trace } = await import('@opentelemetry/api');
  trace.disable();
  context.disable();
  const child = await withRun(PARENT, () => withStage('ocr', () => runChild(childEnvironment())));
  expect(child.run).toEqual(JOINED);
  const root = runSpanId('parent-1', 2);
  expect(child.spans.find(({ name }) => name === 'ocr_pages')?.parentSpanId).toBe(root);
});

test('a child without an SDK joins too', async () => {
  const child = await withRun(PARENT, () => runChild({ ...childEnvironment(), NO_SDK: '1' }));
  expect(child.run).toEqual(JOINED);
  expect(child.spans).toEqual([]);
});

test('a child of a child joins the same run', async () => {
  const envelope = withRun(PARENT, () => withStage('ocr', () => childEnvironment()));
  const { stdout } = await runProgram(
    `import { childEnvironment, withRun } from '@milepost/core';
     console.log(withRun({ pipeline: 'child' }, () => childEnvironment().MILEPOST_RUN));`,
    envelope,
  );
  const child = await runChild({ MILEPOST_RUN: stdout.trim() });
  expect(child.run).toEqual(JOINED);
  expect(child.spans.find(({ name }) => name === 'ocr_pages')?.parentSpanId).toBe(
    telemetry.sdk.span('ocr').spanContext().spanId,
  );
});

test('a stage outside any run joins too', async () => {
  const envelope = withRun(PARENT, () => childEnvironment());
  const { stdout } = await runProgram(
    `import { withStage } from '@milepost/core';
     console.log(withStage('lonely', ({ run }) => [run.runId, run.joined, run.implicit].join()));`,
    envelope,
  );
  expect(stdout.trim()).toBe('parent-1,true,false');
});

test('MILEPOST_RUN_ID fixes the ID of the first run, and nothing else', async () => {
  const child = await runChild({ MILEPOST_RUN_ID: 'nightly-import' });
  expect(child.run).toMatchObject({
    runId: 'nightly-import',
    joined: false,
    pipeline: 'child',
    subdomain: 'own',
  });
  expect(child.again['runId']).toMatch(/^second_\d{10}_/);
  expect(child.spans.find(({ name }) => name === 'child')?.spanId).toBe(
    runSpanId('nightly-import', 1),
  );
});

const RUBBISH: readonly (readonly [name: string, envelope: string])[] = [
  ['no JSON', 'rubbish'],
  ['an empty object', '{}'],
  ['null', 'null'],
  ['another version', '{"version":2}'],
  ['a bad run ID', '{"version":1,"run":{"id":"../x","attempt":1,"pipeline":"p","started_at":1}}'],
];
test.for(RUBBISH)(
  'MILEPOST_RUN that is %s: a run of its own begins, flagged and said once',
  async ([, rubbish]) => {
    const child = await runChild({ MILEPOST_RUN: rubbish });
    expect(child.run).toMatchObject({ joined: false, pipeline: 'child', subdomain: 'own' });
    const root = child.spans.find(({ name }) => name === 'child');
    expect(root?.attributes['milepost.flags']).toEqual(['envelope_invalid']);
    expect(child.said).toEqual([
      expect.stringMatching(
        /^milepost: MILEPOST_RUN is no envelope of a run \(.+\); a run of its own begins$/,
      ),
    ]);
  },
);

test('a bad MILEPOST_RUN_ID is replaced, flagged and said', async () => {
  const child = await runChild({ MILEPOST_RUN_ID: '../etc' });
  expect(child.run['runId']).toMatch(/^own_\d{10}_/);
  expect(child.spans.find(({ name }) => name === 'child')?.attributes['milepost.flags']).toEqual([
    'run_id_replaced',
  ]);
  expect(child.said).toHaveLength(1);
});

test('outside any run there is nothing to hand over', () => {
  expect(childEnvironment()).toEqual({});
});
