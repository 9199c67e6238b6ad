import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type Stage, type StageDefinition, defineStage, withRun, withStage } from '@milepost/core';
import { useDiag, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();
const diag = useDiag();

const OCR = defineStage({
  name: 'ocr',
  config: z.object({ backend: z.enum(['tesseract', 'vision']), language: z.string().optional() }),
  success: z.object({ pdf_name: z.string(), page_count: z.number().int() }),
  error: z.object({ pdf_path: z.string(), page_number: z.number() }),
});

const flags = (): unknown =>
  lifecycle.events.flatMap((event) => (event.type === 'stage_ended' ? [event.flags] : []));

describe('a stage that declares its fields', () => {
  test('what fits is recorded without a flag', () => {
    const value = withStage(OCR, { config: { backend: 'tesseract' } }, (stage) => {
      stage.count('page_count', 3);
      stage.set('pdf_name', 'a.pdf');
      return stage.name;
    });
    expect(value).toBe('ocr');
    expect(flags()).toEqual([[]]);
    expect(telemetry.sdk.log('ocr_completed').attributes).toMatchObject({
      page_count: 3,
      pdf_name: 'a.pdf',
    });
    expect(diag.messages).toEqual([]);
  });

  test('what does not fit is recorded as it came, flagged and said once, and breaks nothing', () => {
    for (let i = 0; i < 2; i += 1) {
      withStage(OCR, (stage) => {
        stage.setConfig({ backend: 'other' as never });
        stage.set('page_count', 'many' as never);
        stage.set('unknown' as never, 1 as never);
      });
    }
    expect(flags()).toEqual([['field_invalid'], ['field_invalid']]);
    const [end] = telemetry.sdk.logs.filter((record) => record.body === 'ocr_completed');
    expect(end?.attributes).toMatchObject({
      page_count: 'many',
      unknown: 1,
      'milepost.flags': ['field_invalid'],
    });
    expect(lifecycle.events.find((event) => event.type === 'stage_ended')).toMatchObject({
      config: { backend: 'other' },
    });
    expect(diag.messages).toEqual([
      expect.stringMatching(
        /^milepost: config of ocr does not fit what defineStage declares \(backend: .+\)$/,
      ),
      expect.stringMatching(
        /^milepost: success of ocr does not fit what defineStage declares \(pdf_name: .+; page_count: .+\)$/,
      ),
    ]);
  });

  test('the error fields are checked only where it fails, the success fields only where it does not', () => {
    const config = { backend: 'vision' } as const;
    expect(() =>
      withStage(OCR, { config }, (stage) => {
        stage.setErrorContext({ pdf_path: 'a.pdf', page_number: 3 });
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(() =>
      withStage(OCR, { config }, () => {
        throw new Error('broken');
      }),
    ).toThrow('broken');
    withStage(OCR, { config }, (stage) => stage.skip());
    expect(flags()).toEqual([[], ['field_invalid'], []]);
  });

  const odd: readonly (readonly [string, () => unknown])[] = [
    [
      'throws',
      () => {
        throw new Error('a schema that throws');
      },
    ],
    ['answers later', async () => ({ issues: [{ message: 'late' }] })],
    ['rejects later', (): unknown => Promise.reject(new Error('late'))],
    ['gives nothing', () => null],
    ['gives nonsense', () => ({ issues: 5 })],
  ];
  test.for(odd)('a schema that %s checks nothing, and breaks nothing', async ([, validate]) => {
    const definition = defineStage({
      name: 'odd',
      success: { '~standard': { version: 1, vendor: 'test', validate: validate as never } },
    });
    expect(withStage(definition, () => 5)).toBe(5);
    await new Promise((resolve) => setImmediate(resolve));
    expect(flags()).toEqual([[]]);
    expect(telemetry.sdk.log('odd_completed').attributes['status']).toBe('completed');
  });

  test('may be any Standard Schema, a function too', () => {
    const schema = Object.assign(() => undefined, {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => ({
          issues: [{ message: `no ${typeof value}`, path: ['a', { key: 'b' }] }],
        }),
      },
    });
    withStage(defineStage({ name: 'any', success: schema }), () => undefined);
    expect(diag.messages).toEqual([
      'milepost: success of any does not fit what defineStage declares (a.b: no object)',
    ]);
  });
});

describe('types', () => {
  test('of what is declared', () => {
    type Declared = Stage<typeof OCR>;
    expectTypeOf<Declared['count']>().toBeCallableWith('page_count', 3);
    expectTypeOf<Declared['set']>().toBeCallableWith('pdf_name', 'a.pdf');
    expectTypeOf<Declared['setConfig']>().toBeCallableWith({ backend: 'vision' });
    expectTypeOf<Declared['setErrorContext']>().toBeCallableWith({ page_number: 3 });
    const typed = (stage: Declared): void => {
      // @ts-expect-error -- a name is no count
      stage.count('pdf_name');
      // @ts-expect-error -- not declared
      stage.set('pages', 3);
      // @ts-expect-error -- a number is declared
      stage.set('page_count', 'three');
      // @ts-expect-error -- another backend
      stage.setConfig({ backend: 'abbyy' });
      // @ts-expect-error -- not declared
      stage.setErrorContext({ page: 3 });
    };
    expect(typed).toBeTypeOf('function');
  });

  test('of a stage that declares nothing take anything', () => {
    withRun({ pipeline: 'open' }, () =>
      withStage('open', (stage) => {
        expectTypeOf(stage).toEqualTypeOf<Stage>();
        stage.count('anything');
        stage.set('any_field', ['a', 'b']);
        stage.setConfig({ nested: { deep: [1] } });
        stage.setErrorContext({ pdf_path: 'a.pdf' });
        // @ts-expect-error -- an object is no field; setMetadata takes it
        stage.set('nested', { a: 1 });
      }),
    );
    expect(flags()).toEqual([[]]);
  });
});

describe('defineStage', () => {
  test('gives back what was declared, frozen', () => {
    const definition = { name: 'fetch' };
    expect(defineStage(definition)).toEqual(definition);
    expect(Object.isFrozen(defineStage(definition))).toBe(true);
  });

  const bad: readonly (readonly [unknown, string])[] = [
    [{ name: '' }, "defineStage: expected a non-empty string as name, got ''"],
    [{ name: 5 }, 'defineStage: expected a non-empty string as name, got number'],
    [{}, 'defineStage: expected a non-empty string as name, got undefined'],
    [{ name: null }, 'defineStage: expected a non-empty string as name, got null'],
    [
      { name: 'ocr', success: { page_count: 'number' } },
      "defineStage('ocr'): expected a Standard Schema as success, got object",
    ],
    [
      { name: 'ocr', config: null },
      "defineStage('ocr'): expected a Standard Schema as config, got null",
    ],
    [
      { name: 'ocr', error: { '~standard': {} } },
      "defineStage('ocr'): expected a Standard Schema as error, got object",
    ],
  ];
  test.for(bad)('%j: %s', ([definition, message]) => {
    expect(() => defineStage(definition as StageDefinition)).toThrow(new TypeError(message));
  });
});
