import { describe, expect, expectTypeOf, test } from 'vitest';
import { asStage, currentStage, withItem, withRun, withStage } from '@milepost/core';
import { plainAttributes, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();

const started = (): string[] =>
  lifecycle.events.flatMap((event) => (event.type === 'stage_started' ? [event.stage.name] : []));

function parse(input: string): number;
function parse(input: number): string;
function parse(input: string | number): string | number {
  return typeof input === 'string' ? Number(input) : String(input);
}

describe('a function as a stage', () => {
  test('keeps name, length and own properties', () => {
    const fetchPdfs = Object.assign((site: string, _year?: number) => site, { retries: 3 });
    const wrapped = asStage('fetch', fetchPdfs);
    expect(wrapped.name).toBe(fetchPdfs.name);
    expect(wrapped).toHaveLength(2);
    expect(wrapped.retries).toBe(3);
    expect(Object.keys(wrapped)).toEqual(['retries']);
    wrapped.retries = 4;
    expect(fetchPdfs.retries).toBe(4);
    expect(wrapped('alameda')).toBe('alameda');
  });

  test('keeps its overloads', () => {
    const wrapped = asStage('parse', parse);
    expectTypeOf(wrapped).toEqualTypeOf<typeof parse>();
    expectTypeOf(wrapped('1')).toEqualTypeOf<number>();
    expectTypeOf(wrapped(1)).toEqualTypeOf<string>();
    // @ts-expect-error -- no overload takes a boolean
    expect(() => wrapped(true)).not.toThrow();
    expect([wrapped('1'), wrapped(1)]).toEqual([1, '1']);
  });

  test('keeps type parameters, optional and rest parameters', () => {
    const first = asStage('first', <T>(...items: readonly T[]): T | undefined => items[0]);
    expectTypeOf(first(1, 2)).toEqualTypeOf<number | undefined>();
    expectTypeOf(first('a', 'b')).toEqualTypeOf<string | undefined>();
    const sync = asStage('sync', (a: number, b = 2): number => a + b);
    expectTypeOf(sync).toEqualTypeOf<(a: number, b?: number) => number>();
    const later = asStage('later', async (a: number): Promise<number> => a);
    expectTypeOf(later).returns.toEqualTypeOf<Promise<number>>();
    const pages = asStage('pages', function* (): Generator<number, string> {
      yield 1;
      return 'end';
    });
    expectTypeOf(pages).returns.toEqualTypeOf<Generator<number, string>>();
    expect([first('a', 'b'), sync(1), [...pages()]]).toEqual(['a', 3, [1]]);
  });

  test('keeps `this`, as a method and with call, apply and bind', () => {
    class Site {
      readonly #name: string;
      constructor(name: string) {
        this.#name = name;
      }
      fetch = asStage('fetch field', (path: string) => `${this.#name}/${path}`);
      static readonly origin = asStage('origin', function (this: typeof Site) {
        return this.name;
      });
      name(suffix: string): string {
        return this.#name + suffix;
      }
    }
    Site.prototype.name = asStage('name', Site.prototype.name);
    const site = new Site('alameda');
    expect(site.name('!')).toBe('alameda!');
    expect(site.fetch('a.pdf')).toBe('alameda/a.pdf');
    expect(Site.origin()).toBe('Site');
    expect(site.name.call(new Site('berkeley'), '?')).toBe('berkeley?');
    expect(site.name.bind(site)('.')).toBe('alameda.');
    expect(started()).toEqual(['name', 'fetch field', 'origin', 'name', 'name']);
  });

  test('an async method and a callback with its own `this` keep it', async () => {
    const owner = {
      name: 'owner',
      load: asStage('load', async function (this: { name: string }) {
        await Promise.resolve();
        return this.name;
      }),
    };
    expect(await owner.load()).toBe('owner');
    const withThis = function (this: unknown): unknown {
      return this;
    };
    expect(Reflect.apply(withStage, owner, ['stage', withThis])).toBe(owner);
    expect(withRun.call(owner, { pipeline: 'this' }, withThis)).toBe(owner);
    expect(withStage('items', () => Reflect.apply(withItem, owner, ['one', withThis]))).toBe(owner);
  });

  test('a constructor is left alone', () => {
    class Document {
      readonly title: string;
      constructor(title: string) {
        this.title = title;
      }
    }
    const wrapped = asStage('document', Document as never) as unknown as typeof Document;
    const document = new wrapped('minutes');
    expect(document).toBeInstanceOf(Document);
    expect(document.title).toBe('minutes');
    expect(started()).toEqual([]);
  });

  test('each call is an execution of its own, and its stage is there', () => {
    const ocr = asStage('ocr', (pages: number) => {
      currentStage()?.count('total_pages', pages);
      return currentStage()?.occurrence;
    });
    expect(withRun({ pipeline: 'calls' }, () => [ocr(1), ocr(2)])).toEqual([1, 2]);
  });

  test('options may be a function of the arguments, and attributes too', () => {
    const ocr = asStage(
      'ocr',
      (pdf: string, _pages: number) => pdf,
      (pdf, pages) => {
        expectTypeOf(pdf).toEqualTypeOf<string>();
        expectTypeOf(pages).toEqualTypeOf<number>();
        return { attributes: { pdf_path: pdf } };
      },
    );
    const compile = asStage('compile', (pages: number) => pages, {
      attributes: (pages) => ({ page_count: pages }),
    });
    withRun({ pipeline: 'options', runId: 'options-1' }, () => {
      ocr('a.pdf', 3);
      compile(4);
    });
    expect(plainAttributes(telemetry.sdk.span('ocr').attributes)).toEqual({
      attempt: 1,
      pdf_path: 'a.pdf',
      pipeline: 'options',
      'pipeline.unit': 'stage',
      retry_count: 0,
      'run.id': 'options-1',
      stage: 'ocr',
      status: 'completed',
    });
    expect(telemetry.sdk.span('compile').attributes['page_count']).toBe(4);
  });
});

describe('types of withStage and withRun', () => {
  test('give back what the function gives', () => {
    expectTypeOf(withStage('a', () => 1)).toEqualTypeOf<number>();
    expectTypeOf(withStage('a', async () => 'text')).toEqualTypeOf<Promise<string>>();
    expectTypeOf(withRun({ pipeline: 'types' }, () => true)).toEqualTypeOf<boolean>();
    expectTypeOf(withStage('a', () => new Map<string, number>())).toEqualTypeOf<
      Map<string, number>
    >();
    const withOptions = withStage('a', { attempt: 2 }, (stage) => stage.attempt);
    expectTypeOf(withOptions).toEqualTypeOf<number>();
    expect(withOptions).toBe(2);
  });
});
