import { describe, expect, test } from 'vitest';
import { asStage, log, withItem, withRun, withStage } from '@milepost/core';
import { hostileProxy } from './outcome-cases.ts';
import { everythingExported, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();

const STANDARD =
  /^(run\.id|pipeline|stage|attempt|retry_count|level|status|start_time|end_time|duration\.seconds)$/;

/** What the end of a stage tells of the fields that it was given. */
function recorded(attributes: unknown): Record<string, unknown> {
  withRun({ pipeline: 'fields' }, () =>
    withStage('work', { attributes: attributes as Record<string, unknown> }, () => undefined),
  );
  const own = (all: object): Record<string, unknown> =>
    Object.fromEntries(Object.entries(all).filter(([key]) => !STANDARD.test(key)));
  const { 'pipeline.unit': _, ...onSpan } = own(telemetry.sdk.span('work').attributes);
  const onLog = own(telemetry.sdk.log('work_completed').attributes);
  expect(onSpan).toEqual(onLog);
  return onLog;
}

function refuse(): never {
  throw new Error('refused');
}

const flagged = (...flags: string[]): Record<string, unknown> => ({ 'milepost.flags': flags });
const SECRET = 'correct-horse-battery-staple';

describe('nothing is captured that was not named', () => {
  test('no argument and no result is in any span, log or metric', async () => {
    const marker = 'marker-7f3a';
    const payload = { text: marker, nested: [{ text: marker }] };
    const echo = asStage('echo', async (given: object) => {
      log.info('working');
      return withItem('one', () => ({ ...given }));
    });
    await withRun({ pipeline: 'payloads' }, async () => {
      await echo(payload);
      for (const _ of withStage('iterate', () => [payload].values())) continue;
      for await (const _ of withStage('stream', () => ReadableStream.from([payload]))) continue;
      await asStage('fail', (_: object) => Promise.reject(new Error('broken')))(payload).catch(
        () => undefined,
      );
    });
    expect(everythingExported(telemetry.sdk)).not.toContain(marker);
    expect(JSON.stringify(await telemetry.sdk.metricsOf('payloads'))).not.toContain(marker);
    expect(
      JSON.stringify(lifecycle.events.map((event) => ({ ...event, stage: undefined }))),
    ).not.toContain(marker);
  });
});

describe('attributes as a function of the arguments', () => {
  test('what it names is recorded, and nothing else', () => {
    const ocr = asStage('ocr', (_pdf: string, _secret: string) => 'text', {
      attributes: (pdf) => ({ pdf_path: pdf }),
    });
    withRun({ pipeline: 'named' }, () => ocr('a.pdf', SECRET));
    expect(telemetry.sdk.span('ocr').attributes['pdf_path']).toBe('a.pdf');
    expect(everythingExported(telemetry.sdk)).not.toContain(SECRET);
  });

  const hostile: readonly (readonly [string, () => unknown])[] = [
    ['throws', refuse],
    ['gives nothing', () => undefined],
    ['gives text', () => 'text'],
    ['gives a proxy that throws on everything', hostileProxy],
    ['gives a promise that rejects', (): unknown => Promise.reject(new Error('too late'))],
  ];
  test.for(hostile)('%s: the call is unharmed', async ([name, attributes]) => {
    const work = asStage('work', (value: number) => value + 1, {
      attributes: attributes as () => Record<string, unknown>,
    });
    expect(withRun({ pipeline: 'named' }, () => work(1))).toBe(2);
    const flags = telemetry.sdk.span('work').attributes['milepost.flags'];
    expect(flags).toEqual(
      name === 'throws'
        ? ['options_unreadable']
        : name.includes('proxy')
          ? ['field_unreadable']
          : undefined,
    );
    await new Promise((resolve) => setImmediate(resolve));
  });

  test('options as a function may throw too', () => {
    const work = asStage(
      'work',
      (value: number) => value + 1,
      () => {
        throw new Error('no options');
      },
    );
    expect(withRun({ pipeline: 'named' }, () => work(1))).toBe(2);
    expect(telemetry.sdk.span('work').attributes['milepost.flags']).toEqual(['options_unreadable']);
  });
});

test('an option that cannot be read is left out, and the others stay', () => {
  const refusing = {
    pipeline: 'named',
    subdomain: 'alameda',
    get source(): string {
      return refuse();
    },
  };
  withRun(refusing, () =>
    withStage(
      'work',
      {
        attempt: 2,
        get config(): never {
          return refuse();
        },
      },
      () => undefined,
    ),
  );
  const [run, stage] = ['run_completed', 'work_completed'].map((event) => telemetry.sdk.log(event));
  expect(run?.attributes).toMatchObject({
    pipeline: 'named',
    subdomain: 'alameda',
    'milepost.flags': ['options_unreadable'],
  });
  expect(stage?.attributes).toMatchObject({
    attempt: 2,
    'milepost.flags': ['options_unreadable'],
  });
});

describe('a value', () => {
  const cyclic: Record<string, unknown> = { name: 'cycle' };
  cyclic['self'] = cyclic;
  class Money {
    readonly amount = 5;
    toJSON(): string {
      return `${this.amount} EUR`;
    }
  }
  const hostileJson = {
    toJSON() {
      throw new Error('no JSON');
    },
  };

  test.for([
    ['text', 'a', 'a', []],
    ['a number', 1.5, 1.5, []],
    ['a number that is none', Number.NaN, 'NaN', []],
    ['infinity', Infinity, 'Infinity', []],
    ['a boolean', false, false, []],
    ['a bigint', 12n, 12, []],
    ['a bigint beyond what a number holds', 2n ** 64n, '18446744073709551616', []],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z', []],
    ['a date that is none', new Date(Number.NaN), 'Invalid Date', []],
    ['a URL', new URL('https://example.org/a'), 'https://example.org/a', []],
    ['a list of texts', ['a', 'b'], ['a', 'b'], []],
    ['a list of numbers', [1, 2], [1, 2], []],
    ['an empty list', [], [], []],
    ['a mixed list', [1, 'a', null], '[1,"a",null]', []],
    ['an object', { a: { b: 1 } }, '{"a":{"b":1}}', []],
    ['a Map', new Map([['a', 1]]), '[["a",1]]', []],
    ['an object with toJSON', new Money(), '"5 EUR"', []],
    ['an object whose toJSON throws', hostileJson, '"[unreadable]"', ['field_unreadable']],
    ['a cycle', cyclic, '{"name":"cycle","self":"[circular]"}', ['field_unreadable']],
    ['a proxy that throws on everything', hostileProxy(), '[unreadable]', ['field_unreadable']],
    [
      'a secret deep inside',
      { db: { password: SECRET } },
      '{"db":{"password":"[redacted]"}}',
      ['field_redacted'],
    ],
    ['a lone surrogate', 'a\ud83d', 'a\ufffd', []],
    ['undefined', undefined, undefined, []],
    ['null', null, undefined, []],
    ['a function', () => SECRET, undefined, []],
    ['a symbol', Symbol('s'), undefined, []],
  ] as const)('%s', ([, value, expected, flags]) => {
    expect(recorded({ field: value })).toEqual({
      ...(expected !== undefined && { field: expected }),
      ...(flags.length > 0 && flagged(...flags)),
    });
  });

  test('a getter that throws', () => {
    const fields = {
      whole: 1,
      get broken(): never {
        throw new Error('a getter that throws');
      },
    };
    expect(recorded(fields)).toEqual({
      whole: 1,
      broken: '[unreadable]',
      ...flagged('field_unreadable'),
    });
  });

  test('is read once, when the stage starts', () => {
    let reads = 0;
    recorded({
      get counted() {
        reads += 1;
        return reads;
      },
    });
    expect(reads).toBe(1);
  });

  test('of 200 KB is cut to 4 KiB and marked, never within a character', () => {
    const { field, ...rest } = recorded({ field: '€'.repeat(70_000) });
    expect(Buffer.byteLength(String(field))).toBeLessThanOrEqual(4096);
    expect(Buffer.byteLength(String(field))).toBeGreaterThan(4000);
    expect(field).toMatch(/^€+…\[truncated, 70000 characters\]$/);
    expect(rest).toEqual(flagged('field_truncated'));
  });

  test('that is a huge object is cut, without walking all of it', () => {
    let reads = 0;
    const huge = Array.from({ length: 5000 }, (_, i) => ({
      get value() {
        reads += 1;
        return `${i}`;
      },
    }));
    const { field } = recorded({ field: huge });
    expect(Buffer.byteLength(String(field))).toBeLessThanOrEqual(4096);
    expect(reads).toBeLessThan(1000);
  });

  test('that is a long list is cut to 128 entries and marked', () => {
    expect(recorded({ field: Array.from({ length: 1000 }, (_, i) => i) })).toEqual({
      field: Array.from({ length: 128 }, (_, i) => i),
      ...flagged('field_truncated'),
    });
  });

  test('a list of long texts has at most 4 KiB', () => {
    const { field, ...rest } = recorded({
      field: Array.from({ length: 9 }, () => 'a'.repeat(1000)),
    });
    expect(field).toHaveLength(4);
    expect(rest).toEqual(flagged('field_truncated'));
  });
});

const bytesOf = (attributes: object): number =>
  Object.entries(attributes)
    .filter(([key]) => key !== 'exception.stacktrace')
    .reduce((sum, [key, value]) => sum + Buffer.byteLength(`${key}${String(value)}`), 0);

describe('a record has at most 24 KiB besides its stack', () => {
  test.for([
    ['many short ASCII fields', (i: number) => [`field_${i}`, 'x'.repeat(40)]],
    ['many short fields of other scripts', (i: number) => [`feld_${i}`, '漢'.repeat(40)]],
    ['keys of other scripts', (i: number) => [`${'漢'.repeat(40)}${i}`, i]],
    ['long values', (i: number) => [`field_${i}`, 'x'.repeat(4000)]],
    ['lists', (i: number) => [`field_${i}`, Array.from({ length: 50 }, () => '漢漢漢')]],
  ] as const)('%s', ([, field]) => {
    withStage(
      'work',
      { attributes: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => field(i))) },
      () => undefined,
    );
    const { attributes } = telemetry.sdk.log('work_completed');
    expect(bytesOf(attributes)).toBeLessThanOrEqual(24 * 1024);
    expect(attributes['milepost.flags']).toEqual(['field_truncated']);
    expect(attributes['status']).toBe('completed');
    expect(bytesOf(telemetry.sdk.spans[1]?.attributes ?? {})).toBeLessThanOrEqual(24 * 1024);
  });

  test('whatever fields, counts, reason, item and error come together', () => {
    const fill = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`field_${i}`, 'x'.repeat(2000)]),
    );
    expect(() =>
      withStage('work', { attributes: fill }, (stage) => {
        for (let i = 0; i < 300; i += 1) stage.count(`${'count_'.repeat(18)}${i}`, i);
        stage.setErrorContext(fill);
        stage.skip('r'.repeat(100_000));
        throw new Error('m'.repeat(100_000));
      }),
    ).toThrow(Error);
    const { attributes } = telemetry.sdk.log('work_failed');
    expect(bytesOf(attributes)).toBeLessThanOrEqual(24 * 1024);
    expect(attributes).toMatchObject({ status: 'failed', 'error.type': 'Error' });
  });

  test('a reason is bounded', () => {
    withStage('work', (stage) => stage.skip('r'.repeat(100_000)));
    const { attributes } = telemetry.sdk.log('work_skipped');
    expect(Buffer.byteLength(String(attributes['reason']))).toBeLessThanOrEqual(4096);
  });

  test('a category and a status of the user’s classifier are bounded', () => {
    withStage(
      'work',
      { classify: () => ({ status: 'failed', category: 'c'.repeat(100_000) }) },
      () => undefined,
    );
    const { attributes } = telemetry.sdk.log('work_failed');
    expect(Buffer.byteLength(String(attributes['error.category']))).toBeLessThanOrEqual(200);
  });

  test('long names that differ at the end stay apart', () => {
    const names = ['a', 'b'].map((end) => `${'x'.repeat(300)}${end}`);
    withRun({ pipeline: 'long' }, () => names.forEach((name) => withStage(name, () => undefined)));
    const recorded = telemetry.sdk.spans.flatMap(({ attributes }) => attributes['stage'] ?? []);
    expect(new Set(recorded).size).toBe(2);
  });

  test('names of pipeline, subdomain, client and stage are bounded', () => {
    const long = '漢'.repeat(10_000);
    withRun({ pipeline: long, subdomain: long, client: long }, () =>
      withStage(long, () => undefined),
    );
    for (const { attributes } of telemetry.sdk.logs) {
      expect(bytesOf(attributes)).toBeLessThan(4 * 1024);
      expect(attributes['milepost.flags']).toEqual(['name_replaced']);
    }
  });
});

describe('a key', () => {
  test.for([
    'password',
    'PASSWORD',
    'dbPassword',
    'passwd',
    'passphrase',
    'secret',
    'clientSecret',
    'apiKey',
    'api_key',
    'API-KEY',
    'x-api-key',
    'x-auth-token',
    'accessToken',
    'refresh_token',
    'token',
    'authorization',
    'Authorization',
    'cookie',
    'set-cookie',
    'privateKey',
    'access_key',
    'credentials',
    'sessionId',
    'bearer',
    'connectionString',
    'http.request.header.authorization',
    'aws_secret_access_key',
  ])('%s looks like a secret', (key) => {
    expect(recorded({ [key]: SECRET })).toEqual({
      [key]: '[redacted]',
      ...flagged('field_redacted'),
    });
  });

  test.for([
    'token_count',
    'tokens_used',
    'author',
    'authors',
    'passed',
    'passenger_count',
    'key',
    'primary_key',
    'monkey',
    'keyword',
    'cookie_count',
    'sessions',
    'compass',
    'pdf_path',
  ])('%s does not', (key) => {
    expect(recorded({ [key]: 'public' })).toEqual({ [key]: 'public' });
  });

  test('a count under such a name is no secret', () => {
    expect(recorded({ tokens: 1200, has_password: true })).toEqual({
      tokens: 1200,
      has_password: true,
    });
  });

  test.for([
    'status',
    'stage',
    'run.id',
    'run_id',
    'run-id',
    'job_id',
    'level',
    'error',
    'config',
    'trace_id',
    'span_id',
    'service.name',
    'detected_level',
    'results_summary',
    'attempt',
    'duration.seconds',
    'duration_seconds',
    'milepost.flags',
    'pipeline.unit',
    'item.id',
    'traceback',
  ])('%s is taken: it becomes user.%s', (key) => {
    expect(recorded({ [key]: 'mine' })).toEqual({
      [`user.${key}`]: 'mine',
      ...flagged('field_renamed'),
    });
  });

  test('of more than 128 characters is cut', () => {
    expect(recorded({ ['k'.repeat(1000)]: 1 })).toEqual({
      ['k'.repeat(128)]: 1,
      ...flagged('field_renamed'),
    });
  });

  test('__proto__ is renamed, as it cannot be assigned', () => {
    const fields: unknown = JSON.parse('{"__proto__": "text", "constructor": "builder"}');
    const given = recorded(fields);
    expect(Object.entries(given)).toEqual([
      ['user.__proto__', 'text'],
      ['constructor', 'builder'],
      ['milepost.flags', ['field_renamed']],
    ]);
  });
});

describe('what is said of a stage besides its fields', () => {
  test('config and metadata are copies, nested as they are, with secrets redacted', () => {
    const config = { backend: 'tesseract', db: { apiKey: SECRET, pool: [1, { a: 2 }] } };
    const batching = { size: 5, batches: [{ id: 1, token: SECRET }] };
    withStage('work', { config }, (stage) => {
      config.backend = 'changed later';
      stage.setConfig({ language: 'eng' });
      stage.setMetadata('batching', batching);
      stage.setMetadata('password', SECRET);
      stage.setMetadata('runpod_jobs', ['a', 'b']);
      batching.size = 6;
    });
    const [end] = lifecycle.events.filter((event) => event.type === 'stage_ended');
    expect(end).toMatchObject({
      config: {
        backend: 'tesseract',
        db: { apiKey: '[redacted]', pool: [1, { a: 2 }] },
        language: 'eng',
      },
      metadata: {
        batching: { size: 5, batches: [{ id: 1, token: '[redacted]' }] },
        password: '[redacted]',
        runpod_jobs: ['a', 'b'],
      },
      flags: ['field_redacted'],
    });
    expect(everythingExported(telemetry.sdk)).not.toContain(SECRET);
    expect(everythingExported(telemetry.sdk)).not.toContain('tesseract');
  });

  test('an error context is told only where the stage fails', () => {
    withStage('fine', (stage) => stage.setErrorContext({ page_number: 3 }));
    expect(telemetry.sdk.log('fine_completed').attributes['page_number']).toBeUndefined();
    expect(() =>
      withStage('broken', (stage) => {
        stage.setErrorContext({ page_number: 3, pdf_name: 'a' });
        stage.setErrorContext({ page_number: 4, password: SECRET });
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(telemetry.sdk.log('broken_failed').attributes).toMatchObject({
      page_number: 4,
      pdf_name: 'a',
      password: '[redacted]',
    });
  });

  test('a count that is no number is kept as a field', () => {
    withStage('work', (stage) => {
      stage.count('pages', 2);
      stage.count('pages');
      stage.count('odd', 'many' as never);
      stage.count('none', Number.NaN);
    });
    expect(telemetry.sdk.log('work_completed').attributes).toMatchObject({
      pages: 3,
      odd: 'many',
      none: 'NaN',
    });
  });

  test('hostile names and values harm nobody', () => {
    const value = withStage('work', (stage) => {
      const hostile = hostileProxy();
      stage.count(hostile as never, hostile as never);
      stage.set(hostile as never, hostile as never);
      stage.setConfig(hostile);
      stage.setMetadata(hostile as never, hostile);
      stage.setErrorContext(hostile);
      stage.skip(hostile as never);
      return 'unharmed';
    });
    expect(value).toBe('unharmed');
  });

  test('the calls can be taken apart, and what comes after the end is dropped', () => {
    const late = withStage('work', ({ count, set, setMetadata }) => {
      count('pages');
      set('backend', 'tesseract');
      return { count, set, setMetadata };
    });
    late.count('pages');
    late.set('backend', 'other');
    late.setMetadata('late', true);
    expect(telemetry.sdk.log('work_completed').attributes).toMatchObject({
      pages: 1,
      backend: 'tesseract',
    });
    const [end] = lifecycle.events.filter((event) => event.type === 'stage_ended');
    expect(end).toMatchObject({ counts: { pages: 1 }, metadata: {} });
  });
});

describe('an item ID may be any string', () => {
  test.for([
    ['a URL', 'https://example.org/a?b=c#d', 'https://example.org/a?b=c#d'],
    ['an emoji', '👩‍🔬.pdf', '👩‍🔬.pdf'],
    ['a lone surrogate', 'a\ud83d', 'a\ufffd'],
    ['a path', '../../etc/passwd', '../../etc/passwd'],
    ['an empty text', '', ''],
    ['a number', 7 as never, '7'],
  ] as const)('%s', ([, id, expected]) => {
    expect(withStage('work', () => withItem(id, () => 'unharmed'))).toBe('unharmed');
    const [end] = lifecycle.events.filter((event) => event.type === 'item_ended');
    expect(end).toMatchObject({ itemId: expected, status: 'completed' });
  });

  test('a very long one is bounded in what is exported', () => {
    withStage('work', { itemSpans: 'all' }, () => withItem('x'.repeat(100_000), () => undefined));
    const id = telemetry.sdk.span('item').attributes['item.id'];
    expect(Buffer.byteLength(String(id))).toBeLessThanOrEqual(4096);
  });

  test('one that cannot become text harms nobody', () => {
    const given = withStage('work', () => withItem(hostileProxy() as never, () => 'unharmed'));
    expect(given).toBe('unharmed');
  });
});
