import { type Attributes } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type JobEnvelope,
  type RunEnvelope,
  beginRun,
  beginStage,
  createJob,
  currentRun,
  endRun,
  endStage,
  joinRun,
  withJob,
  withRun,
  withStage,
} from '@milepost/core';
import { useDiag, useLifecycle, useSdk } from './telemetry-harness.ts';

// An envelope comes from whoever can write to a queue: what it says is bounded and cleaned as what a user says.

const telemetry = useSdk();
const lifecycle = useLifecycle();
const diag = useDiag();
afterEach(() => {
  vi.unstubAllEnvs();
});

const AT = { queue: 'civic', jobId: '1', name: 'own_run' };
const HOSTILE = {
  password: 'hunter2',
  'run.id': 'evil',
  status: 'evil',
  'milepost.flags': 'evil',
  big: 'y'.repeat(1_000_000),
  trigger: 'cron',
};
const CLEANED = {
  password: '[redacted]',
  'user.run.id': 'evil',
  'user.status': 'evil',
  'user.milepost.flags': 'evil',
  big: expect.stringMatching(/^y{4000,}…\[truncated, 1000000 characters\]$/),
  trigger: 'cron',
};
const FLAGS = ['field_redacted', 'field_renamed', 'field_truncated'];

let runs = 0;
/** An envelope of a run of its own, as some other program wrote it. */
function envelope(run: object = {}, rest: object = {}): JobEnvelope {
  runs += 1;
  return JSON.parse(
    JSON.stringify({
      version: 1,
      name: 'deploy_job',
      run: {
        id: `hostile-${runs}`,
        attempt: 1,
        pipeline: 'minutes',
        started_at: Date.now() - 1000,
        begun: true,
        ...run,
      },
      ...rest,
    }),
  );
}
const STAGE = { name: 'ocr', occurrence: 1, attempt: 1, started_at: Date.now() - 500 };

/** The fields of a user among the attributes of a record. */
function fieldsOf(attributes: Attributes): object {
  return Object.fromEntries(
    Object.entries(attributes).filter(([name]) => /^(?:user\.|password|big|trigger)/.test(name)),
  );
}

function flagsOf(attributes: Attributes): unknown {
  const flags = attributes['milepost.flags'];
  return Array.isArray(flags) ? flags.map(String).toSorted((a, b) => (a < b ? -1 : 1)) : flags;
}

describe('fields of a run in an envelope', () => {
  test.for([
    ['by what was handed over', (given: JobEnvelope) => endRun(given)],
    ['in a job', (given: JobEnvelope) => withJob(given, AT, () => endRun())],
    [
      'in a job, of its JSON',
      (given: JobEnvelope) => withJob(JSON.stringify(given), AT, () => endRun()),
    ],
    [
      'by a program',
      (given: JobEnvelope) => {
        vi.stubEnv('MILEPOST_RUN', JSON.stringify(given));
        withRun({ pipeline: 'child' }, () => endRun());
      },
    ],
  ] as const)('are cleaned and flagged where the run is ended %s', ([, end]) => {
    const given = envelope({ attributes: HOSTILE });
    end(given);
    const { attributes } = telemetry.sdk.span('minutes');
    const log = telemetry.sdk.log('run_completed').attributes;
    for (const record of [attributes, log]) {
      expect(record).toMatchObject({ 'run.id': given.run?.id, pipeline: 'minutes' });
      expect(fieldsOf(record)).toEqual(CLEANED);
      expect(flagsOf(record)).toEqual(FLAGS);
    }
    expect(lifecycle.events.find(({ type }) => type === 'run_ended')).toMatchObject({
      run: { runId: given.run?.id },
      flags: expect.arrayContaining(FLAGS),
    });
  });

  test('are handed on as they were cleaned, and whoever read them says so', () => {
    const child = withJob(envelope({ attributes: HOSTILE }), AT, () => createJob({ name: 'next' }));
    expect(child.run?.attributes).toEqual(CLEANED);
    expect(flagsOf(telemetry.sdk.span('deploy_job').attributes)).toEqual(FLAGS);
  });

  test('that were clean are not flagged again', () => {
    const run = beginRun({ pipeline: 'minutes', attributes: { password: 'x', status: 'evil' } });
    withJob(createJob({ run, name: 'deploy_job' }), AT, () => endRun());
    expect(telemetry.sdk.log('run_started').attributes['milepost.flags']).toEqual([
      'field_redacted',
      'field_renamed',
    ]);
    expect(telemetry.sdk.span('deploy_job').attributes['milepost.flags']).toBeUndefined();
    expect(telemetry.sdk.span('minutes').attributes).toMatchObject({
      password: '[redacted]',
      'user.status': 'evil',
    });
  });

  test('have together as much room as those of a user', () => {
    const many = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`field_${index}`, 'z'.repeat(500)]),
    );
    endRun(envelope({ attributes: many }));
    const { attributes } = telemetry.sdk.span('minutes');
    expect(JSON.stringify(attributes).length).toBeLessThan(14_000);
    expect(attributes['milepost.flags']).toEqual(['field_truncated']);
  });

  test('are fields, also those that are named like what objects have', () => {
    const text = JSON.stringify(envelope({ attributes: { trigger: 'cron' } }));
    const given = text.replace('"trigger"', '"__proto__":["a"],"constructor":"b","trigger"');
    withJob(given, AT, () => endRun());
    const { attributes } = telemetry.sdk.span('minutes');
    expect(Object.getPrototypeOf(attributes)).toBe(Object.prototype);
    expect(attributes).toMatchObject({
      'user.__proto__': ['a'],
      constructor: 'b',
      trigger: 'cron',
    });
  });
});

describe('fields of a stage in an envelope', () => {
  test.for([
    ['by what was handed over', (given: JobEnvelope) => endStage(given)],
    ['in a job', (given: JobEnvelope) => withJob(given, AT, () => endStage())],
    [
      'by the stage alone',
      (given: JobEnvelope) =>
        withJob({ ...given, stage: undefined }, AT, () => endStage(given.stage)),
    ],
  ] as const)('are cleaned and flagged where the stage is ended %s', ([, end]) => {
    const given = envelope({}, { stage: { ...STAGE, attributes: HOSTILE } });
    end(given);
    const { attributes } = telemetry.sdk.span('ocr');
    const log = telemetry.sdk.log('ocr_completed').attributes;
    for (const record of [attributes, log]) {
      expect(record).toMatchObject({ 'run.id': given.run?.id, status: 'completed' });
      expect(fieldsOf(record)).toEqual(CLEANED);
      expect(flagsOf(record)).toEqual(FLAGS);
    }
    const ended = lifecycle.events.find(({ type }) => type === 'stage_ended');
    expect(ended).toMatchObject({ fields: CLEANED, flags: expect.arrayContaining(FLAGS) });
  });

  test('and those of its end have together as much room as those of a user', () => {
    const tenKiB = (name: string): object =>
      Object.fromEntries([1, 2, 3].map((index) => [`${name}_${index}`, 'z'.repeat(3500)]));
    const given = envelope({}, { stage: { ...STAGE, attributes: tenKiB('begin') } });
    endStage(given, { attributes: { ...tenKiB('end') } });
    const { attributes } = telemetry.sdk.span('ocr');
    expect(JSON.stringify(attributes).length).toBeLessThan(14_000);
    expect(attributes).toMatchObject({ ...tenKiB('begin'), 'milepost.flags': ['field_truncated'] });
  });
});

const LONG = 'x'.repeat(201);
// 360 bytes in 120 characters, and what Milepost makes of it.
const WIDE = '議'.repeat(120);
const NARROW = expect.stringMatching(/^議+….*~[0-9a-f]{12}$/);

/** The run of an envelope as its job hands it on, without its times; a stage of the same name runs in it, and the run ends. */
function endedIn(given: JobEnvelope): Partial<NonNullable<JobEnvelope['run']>> {
  const { run = { started_at: 0 } } = withJob(given, AT, () => {
    withStage(WIDE, () => endRun());
    return createJob({ name: 'next' });
  });
  const { started_at: _, ...rest } = run;
  return rest;
}

describe('a name in an envelope', () => {
  test.for([
    ['pipeline', { pipeline: LONG }, {}, 'run.pipeline'],
    ['subdomain', { subdomain: LONG }, {}, 'run.subdomain'],
    ['client', { client_id: LONG }, {}, 'run.client_id'],
    ['parent run', { parent_run_id: LONG }, {}, 'run.parent_run_id'],
    ['source', { source: LONG }, {}, 'run.source'],
    ['declared stage', { stages: ['ocr', LONG] }, {}, 'run.stages'],
    ['stage', {}, { stage: { ...STAGE, name: LONG } }, 'stage.name'],
    ['job', {}, { name: LONG }, 'name'],
    ['parent job', {}, { parent_job_id: LONG }, 'parent_job_id'],
  ] as const)('of a %s that is too long makes it invalid', ([, run, rest, key]) => {
    withJob(envelope(run, rest), AT, () => undefined);
    const [root] = telemetry.sdk.spans;
    expect(root?.attributes).toMatchObject({
      'milepost.flags': expect.arrayContaining(['envelope_invalid']),
    });
    expect(diag.messages).toEqual([expect.stringContaining(` as ${key}, got `)]);
    expect(JSON.stringify(diag.messages).length).toBeLessThan(500);
  });

  test('is the one that a user would have given here, of as many bytes', () => {
    const run = { pipeline: WIDE, subdomain: WIDE, client_id: WIDE, source: WIDE, stages: [WIDE] };
    const { id, begun, ...asGiven } = endedIn(
      envelope(run, { stage: { name: WIDE, occurrence: 1, attempt: 1 }, name: WIDE }),
    );
    expect(id).toMatch(/^hostile-/);
    const { client_id: client, ...options } = run;
    const here = beginRun({ ...options, client });
    const { started_at: _, id: __, begun: ___, ...expected } = here.run;
    expect({ begun, asGiven }).toEqual({ begun: true, asGiven: expected });
    const names = telemetry.sdk.logs.map(({ attributes }) => attributes['stage']);
    expect([...new Set(names.filter((name) => name !== undefined))]).toEqual([NARROW]);
    const job = telemetry.sdk.spans.find(({ attributes }) => attributes['job.id'] === '1');
    expect(job?.name).toEqual(NARROW);
    expect(flagsOf(job?.attributes ?? {})).toEqual(['name_replaced']);
    expect(flagsOf(telemetry.sdk.log('run_completed').attributes)).toEqual(['name_replaced']);
    expect(diag.messages).toEqual([]);
  });

  test.for([
    ['run', { pipeline: WIDE }, {}],
    ['stage', {}, { stage: { ...STAGE, name: WIDE } }],
    ['job', {}, { name: WIDE }],
    ['parent job', {}, { parent_job_id: WIDE }],
  ] as const)(
    'of a %s that had to be cut is flagged, also in the JSON of many jobs',
    ([, run, rest]) => {
      const given = JSON.stringify(envelope(run, rest));
      for (const jobId of ['1', '2']) withJob(given, { ...AT, jobId }, () => undefined);
      const flags = telemetry.sdk.spans.map(({ attributes }) => flagsOf(attributes));
      expect(flags).toEqual([['name_replaced'], ['name_replaced']]);
    },
  );

  test('is whole Unicode: what is none in it is replaced, as in span IDs', () => {
    withJob(envelope({ pipeline: 'a\ud800b' }), AT, () => undefined);
    expect(telemetry.sdk.span('deploy_job').attributes['pipeline']).toBe('a\ufffdb');
  });
});

test('an envelope that declares too many stages is invalid', () => {
  const stages = Array.from({ length: 257 }, (_, index) => `stage_${index}`);
  const joined = (given: JobEnvelope): unknown =>
    withJob(given, AT, () => currentRun()?.stages.length);
  expect(joined(envelope({ stages: stages.slice(1) }))).toBe(256);
  expect(joined(envelope({ stages }))).toBe(0);
  expect(diag.messages).toEqual([
    expect.stringContaining(
      'expected a list of at most 256 names, of at most 200 characters each as run.stages, got a list of 257',
    ),
  ]);
});

describe('what Milepost writes can be read', () => {
  const BIG = {
    pipeline: 'ä'.repeat(300),
    subdomain: LONG,
    client: LONG,
    source: LONG,
    stages: Array.from({ length: 1000 }, () => LONG),
  };

  test.for([
    ['a run that was begun', () => beginRun(BIG)],
    ['a stage', () => beginStage('ocr'.repeat(100), { run: beginRun(BIG) })],
    ['a job', () => createJob({ run: beginRun(BIG), name: LONG, stage: LONG, parentJobId: LONG })],
    ['a job of a run around', () => withRun(BIG, () => createJob({ name: 'page' }))],
    [
      'a job of a run that was joined',
      () => joinRun('opaque', BIG, () => createJob({ name: 'a' })),
    ],
  ] as const)(
    '%s, whatever it was named',
    ([, make]: readonly [string, () => RunEnvelope | JobEnvelope]) => {
      const { run } = make();
      const isJoined = withJob(make(), AT, () => currentRun()?.joined);
      expect([run?.stages?.length ?? 256, isJoined]).toEqual([256, true]);
    },
  );

  test('a template', () => {
    const { pipeline, ...others } = BIG;
    const template = createJob({ name: LONG, stage: LONG, begin: { pipeline, ...others } });
    const started = withJob(template, AT, () => currentRun()?.begun);
    expect(started).toBe(true);
  });

  test('names that were cut are flagged where the run begins', () => {
    beginRun(BIG);
    expect(flagsOf(telemetry.sdk.log('run_started').attributes)).toEqual([
      'field_truncated',
      'name_replaced',
    ]);
  });
});

describe('what came instead of an envelope is told in a few words', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  test.for([
    ['a deep list', deep, 'expected an object, got a list of 1'],
    ['a deep run', `{"version":1,"run":${deep}}`, 'expected an object as run, got a list of 1'],
    ['a deep version', `{"version":${deep}}`, 'expected version 1 as version, got a list of 1'],
    [
      'a huge text',
      `{"version":"${'x'.repeat(1_000_000)}"}`,
      `as version, got "${'x'.repeat(60)}"`,
    ],
    ['an object', '{"version":{"password":"x"}}', 'expected version 1 as version, got an object'],
    ['an empty list', '[]', 'expected an object, got []'],
  ] as const)('%s', ([, given, message]) => {
    withJob(given, AT, () => undefined);
    expect(diag.messages).toEqual([expect.stringContaining(message)]);
    expect(JSON.stringify(diag.messages).length).toBeLessThan(500);
  });

  test('a deep value costs nothing: nobody asks it for its parts', () => {
    const asked: unknown[] = [];
    const version = new Proxy(
      {},
      {
        ownKeys: (target) => {
          asked.push('keys');
          return Reflect.ownKeys(target);
        },
        get: (target, key) => {
          asked.push(key);
          return Reflect.get(target, key);
        },
      },
    );
    withJob({ version }, AT, () => undefined);
    expect([asked, diag.messages.length]).toEqual([[], 1]);
  });
});
