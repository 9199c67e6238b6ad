import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  beginRun,
  beginStage,
  childEnvironment,
  createJob,
  currentRun,
  withJob,
  withRun,
  withStage,
} from '@milepost/core';
import { jobTemplateSchema, parseJobEnvelope } from '@milepost/semconv/schemas';

// `core` reads envelopes without zod: its reader and the schema must take and refuse the same ones.

afterEach(() => {
  vi.unstubAllEnvs();
});

const RUN = { id: 'alameda_1737072000_abc123', attempt: 1, pipeline: 'minutes', started_at: 1000 };
const STAGE = { name: 'ocr', occurrence: 1, attempt: 1 };
const JOB = { id: '17', queue: 'ocr', name: 'ocr_page_job', attempt: 1 };
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const envelope = (run: object = {}, rest: object = {}): object => ({
  version: 1,
  run: { ...RUN, ...run },
  ...rest,
});
const without = (key: string): object => ({
  version: 1,
  run: Object.fromEntries(Object.entries(RUN).filter(([name]) => name !== key)),
});

const GOOD: readonly (readonly [name: string, envelope: unknown])[] = [
  ['the least', envelope()],
  [
    'everything',
    envelope(
      {
        subdomain: 'alameda',
        client_id: 'Guy-Wilson',
        parent_run_id: 'outer-1',
        implicit: false,
        stages: ['fetch', 'ocr'],
        source: 'upload-1',
      },
      {
        stage: { ...STAGE, execution_id: '0123456789abcdef', started_at: 5 },
        name: 'ocr_page_job',
        parent_job_id: '7',
        enqueued_at: 6,
        traceparent: TRACEPARENT,
      },
    ),
  ],
  ['keys of a later version', envelope({ region: 'eu' }, { priority: 'high' })],
  ['an empty subdomain', envelope({ subdomain: '' })],
  ['an empty list of stages', envelope({ stages: [] })],
  ['a trace of another run', envelope({}, { traceparent: TRACEPARENT })],
  ['a fraction of a millisecond', envelope({ started_at: 1000.5 })],
  [
    'names of the greatest length, counted as characters',
    envelope(
      { pipeline: '😀'.repeat(200), source: 'ä'.repeat(200), stages: ['x'.repeat(200)] },
      { name: '😀'.repeat(200), stage: { ...STAGE, name: '😀'.repeat(200) } },
    ),
  ],
  ['as many stages as can be', envelope({ stages: Array.from({ length: 256 }, () => 'ocr') })],
  [
    'fields that a record cannot carry as they are',
    envelope({ attributes: { password: 'x', 'run.id': 'y', big: 'z'.repeat(100_000) } }),
  ],
  [
    'a run and a stage that were begun',
    envelope(
      {
        begun: true,
        attributes: { trigger: 'cron', pages: 3, isFull: true, tags: ['a'], none: [] },
        item_spans: 'all',
        linked_from: TRACEPARENT,
      },
      {
        stage: {
          ...STAGE,
          started_at: 5,
          parent_execution_id: '0123456789abcdef',
          attributes: { backend: 'tesseract' },
          expected: 0,
        },
      },
    ),
  ],
];

const BAD: readonly (readonly [name: string, envelope: unknown])[] = [
  ['null', null],
  ['text', 'run'],
  ['a list', [envelope()]],
  ['an empty object', {}],
  ['no version', { run: RUN }],
  ['a later version', { ...envelope(), version: 2 }],
  ['a version as text', { ...envelope(), version: '1' }],
  ['no run', { version: 1 }],
  ['a run that is null', { version: 1, run: null }],
  ['no run ID', without('id')],
  ['a run ID with a slash', envelope({ id: '../etc' })],
  ['a run ID that begins with a dot', envelope({ id: '.hidden' })],
  ['a run ID that is taken', envelope({ id: 'Latest' })],
  ['a run ID that is a device', envelope({ id: 'nul.tar.gz' })],
  ['a run ID that names our files', envelope({ id: 'x.MilePost' })],
  ['a run ID with a line end', envelope({ id: 'alameda\n' })],
  ['a run ID of 129 characters', envelope({ id: 'x'.repeat(129) })],
  ['no attempt', without('attempt')],
  ['attempt 0', envelope({ attempt: 0 })],
  ['half an attempt', envelope({ attempt: 1.5 })],
  ['an attempt as text', envelope({ attempt: '1' })],
  ['no pipeline', without('pipeline')],
  ['an empty pipeline', envelope({ pipeline: '' })],
  ['no time', without('started_at')],
  ['a time as text', envelope({ started_at: '2026-01-01' })],
  ['a subdomain that is a number', envelope({ subdomain: 5 })],
  ['a subdomain that is null', envelope({ subdomain: null })],
  ['a client that is a number', envelope({ client_id: 5 })],
  ['a parent run that is a number', envelope({ parent_run_id: 5 })],
  ['implicit as text', envelope({ implicit: 'true' })],
  ['stages as text', envelope({ stages: 'fetch' })],
  ['stages that are numbers', envelope({ stages: [1] })],
  ['a source that is a number', envelope({ source: 1 })],
  ['a stage that is text', envelope({}, { stage: 'ocr' })],
  ['a stage without name', envelope({}, { stage: { ...STAGE, name: '' } })],
  ['a stage of occurrence 0', envelope({}, { stage: { ...STAGE, occurrence: 0 } })],
  ['a stage without attempt', envelope({}, { stage: { name: 'ocr', occurrence: 1 } })],
  ['an execution ID that is none', envelope({}, { stage: { ...STAGE, execution_id: 'x' } })],
  ['begun as text', envelope({ begun: 'true' })],
  ['attributes that are a list', envelope({ attributes: ['a'] })],
  ['an attribute that is an object', envelope({ attributes: { a: { b: 1 } } })],
  ['an attribute of several kinds', envelope({ attributes: { a: [1, 'b'] } })],
  ['an attribute that is null', envelope({ attributes: { a: null } })],
  ['item spans that are a number', envelope({ item_spans: 1 })],
  ['a link that is none', envelope({ linked_from: 'rubbish' })],
  ['a stage that began as text', envelope({}, { stage: { ...STAGE, started_at: 'now' } })],
  ['a stage around that is none', envelope({}, { stage: { ...STAGE, parent_execution_id: 'x' } })],
  ['half a job expected', envelope({}, { stage: { ...STAGE, expected: 0.5 } })],
  ['fields of a stage that are text', envelope({}, { stage: { ...STAGE, attributes: 'a' } })],
  ['a pipeline of 201 characters', envelope({ pipeline: '😀'.repeat(201) })],
  ['a subdomain of 201 characters', envelope({ subdomain: 'x'.repeat(201) })],
  ['a client of 201 characters', envelope({ client_id: 'x'.repeat(201) })],
  ['a parent run of 201 characters', envelope({ parent_run_id: 'x'.repeat(201) })],
  ['a source of 201 characters', envelope({ source: 'x'.repeat(201) })],
  ['a stage of 201 characters', envelope({}, { stage: { ...STAGE, name: 'x'.repeat(201) } })],
  ['257 stages', envelope({ stages: Array.from({ length: 257 }, () => 'ocr') })],
  ['a declared stage of 201 characters', envelope({ stages: ['x'.repeat(201)] })],
  ['a name of 201 characters', envelope({}, { name: 'x'.repeat(201) })],
  ['a parent job of 201 characters', envelope({}, { parent_job_id: 'x'.repeat(201) })],
  ['a job around of 201 characters', envelope({}, { job: { ...JOB, queue: 'x'.repeat(201) } })],
  ['an empty name', envelope({}, { name: '' })],
  ['a time of enqueueing as text', envelope({}, { enqueued_at: 'now' })],
  ['a traceparent that is none', envelope({}, { traceparent: 'rubbish' })],
  [
    'a traceparent of a later version',
    envelope({}, { traceparent: TRACEPARENT.replace(/^00/, '01') }),
  ],
  ['a traceparent that is null', envelope({}, { traceparent: null })],
];

function schemaTakes(value: unknown): boolean {
  try {
    parseJobEnvelope(value);
    return true;
  } catch {
    return false;
  }
}

const AT = { queue: 'civic', jobId: '1', name: 'of_no_run' };

/** Whether `withJob` takes it as the envelope of a run. */
function jobTakes(value: unknown): boolean {
  return withJob(value, AT, () => currentRun()?.joined === true);
}

function coreTakes(value: unknown): boolean {
  vi.stubEnv('MILEPOST_RUN', JSON.stringify(value));
  return withRun({ pipeline: 'child' }, (run) => run.joined);
}

describe('the schema of the job envelope and the readers of MILEPOST_RUN and of jobs', () => {
  test.for(GOOD)('all take %s', ([, value]) => {
    expect([schemaTakes(value), coreTakes(value), jobTakes(value)]).toEqual([true, true, true]);
  });

  test.for(BAD)('all refuse %s', ([, value]) => {
    expect([schemaTakes(value), coreTakes(value), jobTakes(value)]).toEqual([false, false, false]);
  });
});

const TEMPLATE = { version: 1, name: 'nightly_job', enqueued_at: 5 };
const BEGIN = { pipeline: 'minutes' };

describe('the schema of a template and the reader of jobs', () => {
  test.for([
    ['the least', { version: 1, name: 'nightly_job' }, true],
    ['one that begins a run', { ...TEMPLATE, begin: BEGIN }, true],
    [
      'everything',
      {
        ...TEMPLATE,
        stage: STAGE,
        begin: {
          ...BEGIN,
          subdomain: 'alameda',
          client: 'Guy-Wilson',
          stages: ['fetch'],
          source: 'upload-1',
          attributes: { trigger: 'cron' },
        },
      },
      true,
    ],
    ['no name', { version: 1 }, false],
    ['an empty name', { ...TEMPLATE, name: '' }, false],
    ['a later version', { ...TEMPLATE, version: 2 }, false],
    ['a run that has no pipeline', { ...TEMPLATE, begin: {} }, false],
    ['too long a name', { ...TEMPLATE, name: 'x'.repeat(201) }, false],
    ['too long a pipeline', { ...TEMPLATE, begin: { pipeline: 'x'.repeat(201) } }, false],
    [
      'too many stages',
      { ...TEMPLATE, begin: { ...BEGIN, stages: Array.from({ length: 257 }, () => 'a') } },
      false,
    ],
    ['stages that are numbers', { ...TEMPLATE, begin: { ...BEGIN, stages: [1] } }, false],
    ['a client that is a number', { ...TEMPLATE, begin: { ...BEGIN, client: 1 } }, false],
    ['fields that are a list', { ...TEMPLATE, begin: { ...BEGIN, attributes: [] } }, false],
    ['a stage without number', { ...TEMPLATE, stage: { name: 'ocr' } }, false],
  ] as const)('agree about %s', ([, value, isGood]) => {
    const named = withJob(value, AT, ({ name }) => name);
    expect([jobTemplateSchema.safeParse(value).success, named === 'nightly_job']).toEqual([
      isGood,
      isGood,
    ]);
  });

  test('agree about what createJob makes outside any run', () => {
    const begin = { pipeline: 'minutes', subdomain: 'alameda', attributes: { trigger: 'cron' } };
    const templates = [
      createJob({ name: 'one' }),
      createJob({ name: 'two', stage: 'fetch', begin }),
    ];
    expect(templates.map((template) => jobTemplateSchema.parse(template))).toEqual(templates);
  });
});

test('what beginRun, beginStage and createJob give fits the schema, whole, also through JSON', () => {
  const run = beginRun({
    pipeline: 'minutes',
    subdomain: 'alameda',
    stages: ['ocr'],
    attributes: { trigger: 'cron' },
    itemSpans: 'none',
  });
  const stage = beginStage('ocr', { run, expected: 2, attributes: { backend: 'vision' } });
  const job = createJob({ name: 'ocr_page_job', stage, parentJobId: '1' });
  const all = [run, stage, job];
  expect(all.map((one) => parseJobEnvelope(JSON.parse(JSON.stringify(one))))).toEqual(all);
});

test('the envelope of childEnvironment fits the schema, whole', () => {
  const run = {
    pipeline: 'minutes',
    subdomain: 'alameda',
    client: 'Guy-Wilson',
    runId: '260101-213723-Guy-Wilson',
    attempt: 2,
    stages: ['ocr'],
    source: 'upload-1',
  };
  const { MILEPOST_RUN = '' } = withRun({ pipeline: 'outer', runId: 'outer-1' }, () =>
    withRun(run, () => withStage('ocr', () => childEnvironment())),
  );
  expect(parseJobEnvelope(JSON.parse(MILEPOST_RUN))).toEqual({
    version: 1,
    run: {
      id: '260101-213723-Guy-Wilson',
      attempt: 2,
      pipeline: 'minutes',
      subdomain: 'alameda',
      client_id: 'Guy-Wilson',
      parent_run_id: 'outer-1',
      stages: ['ocr'],
      source: 'upload-1',
      started_at: expect.any(Number),
    },
    stage: {
      name: 'ocr',
      occurrence: 1,
      attempt: 1,
      execution_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
    traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
  });
});

test('the envelope of childEnvironment tells the job around it', () => {
  const job = withRun({ pipeline: 'minutes' }, () =>
    createJob({ name: 'ocr_page_job', stage: 'ocr', parentJobId: 'fetch-1' }),
  );
  const { MILEPOST_RUN = '' } = withJob(job, { queue: 'ocr', jobId: '17', attempt: 2 }, () =>
    childEnvironment(),
  );
  const told = {
    run: { id: job.run?.id },
    stage: { name: 'ocr', occurrence: 1, attempt: 1 },
    job: {
      id: '17',
      queue: 'ocr',
      name: 'ocr_page_job',
      attempt: 2,
      parent_job_id: 'fetch-1',
    },
  };
  expect(parseJobEnvelope(JSON.parse(MILEPOST_RUN))).toMatchObject(told);
  vi.stubEnv('MILEPOST_RUN', MILEPOST_RUN);
  const { MILEPOST_RUN: ofGrandchild = '' } = withRun({ pipeline: 'child' }, () =>
    childEnvironment(),
  );
  expect(parseJobEnvelope(JSON.parse(ofGrandchild))).toMatchObject(told);
});

test('the least that childEnvironment gives fits the schema too', () => {
  const { MILEPOST_RUN = '' } = withStage('lonely', () => childEnvironment());
  expect(parseJobEnvelope(JSON.parse(MILEPOST_RUN))).toMatchObject({ run: { implicit: true } });
});
