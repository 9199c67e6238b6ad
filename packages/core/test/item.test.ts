import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type EachItemOptions, eachItem, withItem, withRun, withStage } from '@milepost/core';
import { spanTree, useDiag, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();
const diag = useDiag();

const items = (): unknown[] =>
  lifecycle.events.flatMap((event) =>
    event.type === 'item_ended' ? [[event.itemId, event.status]] : [],
  );
const stageEnd = (): unknown => {
  const [end] = lifecycle.events.filter((event) => event.type === 'stage_ended');
  return end && { status: end.status, items: end.items, error: end.error };
};
const coded = (code: string): Error => Object.assign(new Error(code), { code });

describe('the outcomes of items decide about their stage', () => {
  const work = (failing: readonly number[]): Promise<unknown> =>
    withStage('ocr', () =>
      eachItem([1, 2, 3], {}, (item) => {
        if (failing.includes(item)) throw coded(item === 3 ? 'ENOENT' : 'ECONNRESET');
        return item * 10;
      }),
    );

  test('none failed: completed', async () => {
    await work([]);
    expect(stageEnd()).toEqual({
      status: 'completed',
      items: { total: 3, successful: 3, failed: 0 },
      error: undefined,
    });
  });

  test('some failed: partial', async () => {
    expect(await work([2])).toEqual([
      { id: '1', status: 'completed', value: 10 },
      { id: '2', status: 'failed', error: coded('ECONNRESET') },
      { id: '3', status: 'completed', value: 30 },
    ]);
    expect(stageEnd()).toEqual({
      status: 'partial',
      items: { total: 3, successful: 2, failed: 1 },
      error: undefined,
    });
  });

  test('all failed: failed, with the category of the most frequent error', async () => {
    await work([1, 2, 3]);
    expect(stageEnd()).toEqual({
      status: 'failed',
      items: { total: 3, successful: 0, failed: 3 },
      error: {
        type: 'AllItemsFailed',
        message: 'all 3 items failed',
        category: 'network',
        stack: undefined,
      },
    });
    expect(telemetry.sdk.log('ocr_failed').attributes).toMatchObject({
      'error.type': 'AllItemsFailed',
      'error.category': 'network',
    });
  });

  test('the only one failed', async () => {
    await withStage('ocr', () =>
      eachItem(['a'], {}, () => {
        throw coded('ENOENT');
      }),
    );
    expect(stageEnd()).toMatchObject({
      status: 'failed',
      error: { message: 'the only item failed', category: 'io' },
    });
  });

  test('no item at all: completed', async () => {
    expect(await withStage('ocr', () => eachItem([], {}, () => undefined))).toEqual([]);
    expect(stageEnd()).toEqual({ status: 'completed', items: undefined, error: undefined });
  });

  test('the last outcome of an item counts', () => {
    withStage('ocr', () => {
      for (const broken of [true, true, false]) {
        try {
          withItem('a.pdf', () => {
            if (broken) throw new Error('try again');
          });
        } catch {
          continue;
        }
      }
    });
    expect(items()).toEqual([
      ['a.pdf', 'failed'],
      ['a.pdf', 'failed'],
      ['a.pdf', 'completed'],
    ]);
    expect(stageEnd()).toEqual({
      status: 'completed',
      items: { total: 1, successful: 1, failed: 0 },
      error: undefined,
    });
  });

  test('an aborted item is cancelled, which is no failure', async () => {
    const controller = new AbortController();
    controller.abort('enough');
    await withStage('ocr', () =>
      withItem('a', { signal: controller.signal }, async () => {
        controller.signal.throwIfAborted();
      }).catch(() => undefined),
    );
    expect(items()).toEqual([['a', 'cancelled']]);
    expect(stageEnd()).toMatchObject({
      status: 'completed',
      items: { total: 1, successful: 0, failed: 0 },
    });
  });

  test('the classifier of an item decides: an error that is none, a value that is a failure', () => {
    withStage('ocr', () => {
      const classify: EachItemOptions<unknown>['classify'] = (outcome) =>
        'error' in outcome ? { status: 'skipped' } : { status: 'failed', category: 'ocr_failed' };
      withItem('empty', { classify }, () => '');
      expect(() =>
        withItem('old', { classify }, () => {
          throw new Error('unchanged');
        }),
      ).toThrow('unchanged');
    });
    expect(items()).toEqual([
      ['empty', 'failed'],
      ['old', 'skipped'],
    ]);
    expect(telemetry.sdk.log('item_failed').attributes).toMatchObject({
      'item.id': 'empty',
      'error.type': 'FailedResult',
      'error.category': 'ocr_failed',
      'error.message': 'the result counts as a failure',
    });
  });

  test.for(['failed', 'all'] as const)(
    'attributes as a function tell how far a failed item came, its span too: %s',
    (itemSpans) => {
      withStage('ocr', { itemSpans }, () => {
        let page_number = 0;
        const attributes = () => ({ page_number });
        expect(() =>
          withItem('a', { attributes }, () => {
            page_number = 3;
            throw new Error('broken');
          }),
        ).toThrow('broken');
      });
      const told = { page_number: 3, 'item.id': 'a' };
      expect(telemetry.sdk.log('item_failed').attributes).toMatchObject(told);
      expect(telemetry.sdk.span('item').attributes).toMatchObject(told);
    },
  );

  test('outside any stage an item is work and nothing else, said once', () => {
    expect(withItem('a', () => 1)).toBe(1);
    expect(withRun({ pipeline: 'items' }, () => withItem('a', () => 2))).toBe(2);
    expect(items()).toEqual([]);
    expect(diag.messages).toEqual([
      'milepost: withItem was called outside any stage, and recorded nothing',
    ]);
  });
});

describe('spans of items', () => {
  const run = (itemSpans?: 'failed' | 'all' | 'none', ofRun = false): Promise<unknown> =>
    withRun({ pipeline: 'items', ...(ofRun && itemSpans && { itemSpans }) }, () =>
      withStage('ocr', { ...(!ofRun && itemSpans && { itemSpans }) }, () =>
        eachItem(['a', 'b'], { attributes: (id) => ({ pdf_name: id }) }, (id) => {
          withStage('page', () => undefined);
          if (id === 'b') throw new TypeError('broken');
        }),
      ),
    );

  test('failed ones by default', async () => {
    await run();
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      items (run) status="partial"
        ocr (stage) items.failed=1 items.successful=1 items.total=2 status="partial"
          page (stage) item.id="a" status="completed"
          page (stage) item.id="b" stage.occurrence=2 status="completed"
          item (item) error.type="TypeError" item.id="b" pdf_name="b" status="failed" ERROR(broken)
      "
    `);
    const { startTime, endTime } = telemetry.sdk.span('item');
    const [, inItem] = telemetry.sdk.spans.filter((span) => span.name === 'page');
    expect(startTime[0] * 1e3 + startTime[1] / 1e6).toBeLessThanOrEqual(
      (inItem?.endTime[0] ?? 0) * 1e3 + (inItem?.endTime[1] ?? 0) / 1e6,
    );
    expect(endTime[0]).toBeGreaterThanOrEqual(startTime[0]);
  });

  test('all of them, with what runs in them below', async () => {
    await run('all');
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      items (run) status="partial"
        ocr (stage) items.failed=1 items.successful=1 items.total=2 status="partial"
          item (item) item.id="a" pdf_name="a" status="completed"
            page (stage) item.id="a" status="completed"
          item (item) error.type="TypeError" item.id="b" pdf_name="b" status="failed" ERROR(broken)
            page (stage) item.id="b" stage.occurrence=2 status="completed"
      "
    `);
  });

  test('none of them, as the run says', async () => {
    await run('none', true);
    expect(telemetry.sdk.spans.map((span) => span.name)).toEqual(['items', 'ocr', 'page', 'page']);
    expect(items()).toEqual([
      ['a', 'completed'],
      ['b', 'failed'],
    ]);
  });

  test('at most 1,000 failed ones a stage; the record has every one', async () => {
    await withStage('ocr', () =>
      eachItem(
        Array.from({ length: 1005 }, (_, i) => i),
        {},
        () => {
          throw new Error('broken');
        },
      ),
    );
    expect(telemetry.sdk.spans.filter((span) => span.name === 'item')).toHaveLength(1000);
    expect(items()).toHaveLength(1005);
    expect(telemetry.sdk.logs.filter((record) => record.body === 'item_failed')).toHaveLength(1005);
  });
});

describe('eachItem', () => {
  test('goes through the characters of a string, as every loop does', async () => {
    await expect(eachItem('ab', {}, (letter) => letter.toUpperCase())).resolves.toEqual([
      { id: 'a', status: 'completed', value: 'A' },
      { id: 'b', status: 'completed', value: 'B' },
    ]);
  });

  test.for([[undefined], [null]])('takes %s as no options', async ([options]) => {
    await expect(Reflect.apply(eachItem, undefined, [['a'], options, () => 1])).resolves.toEqual([
      { id: 'a', status: 'completed', value: 1 },
    ]);
  });

  /** Work that ends when it is told to. */
  function gate(): {
    readonly entered: number[];
    open(item: number): void;
    pass(item: number): Promise<number>;
  } {
    const waiting = new Map<number, () => void>();
    const entered: number[] = [];
    return {
      entered,
      open: (item) => waiting.get(item)?.(),
      pass: (item) =>
        new Promise((resolve) => {
          entered.push(item);
          waiting.set(item, () => resolve(item));
        }),
    };
  }

  test('gives results in the order of the items, however they end', async () => {
    const { open, pass, entered } = gate();
    const all = eachItem([1, 2, 3], { concurrency: 3, id: (item) => `item ${item}` }, pass);
    await setImmediate();
    expect(entered).toEqual([1, 2, 3]);
    for (const item of [3, 1, 2]) {
      open(item);
      await setImmediate();
    }
    expect(await all).toEqual(
      [1, 2, 3].map((value) => ({ id: `item ${value}`, status: 'completed', value })),
    );
  });

  test.for([
    [undefined, 1],
    [1, 1],
    [2, 2],
    [2.9, 2],
    [Infinity, 5],
    [0, 1],
    [Number.NaN, 1],
    ['4' as never, 1],
  ] as const)('works on %s items at a time: %s', async ([concurrency, expected]) => {
    const { open, pass, entered } = gate();
    const all = eachItem([1, 2, 3, 4, 5], concurrency === undefined ? {} : { concurrency }, pass);
    await setImmediate();
    expect(entered).toHaveLength(expected);
    for (let item = 1; item <= 5; item += 1) {
      open(item);
      await setImmediate();
      expect(entered).toHaveLength(Math.min(5, item + expected));
    }
    expect(await all).toHaveLength(5);
  });

  test('takes items from their source only when their turn comes', async () => {
    const taken: number[] = [];
    function* source(): Generator<number> {
      for (let i = 1; i <= 4; i += 1) {
        taken.push(i);
        yield i;
      }
    }
    const { open, pass } = gate();
    const all = eachItem(source(), { concurrency: 2 }, pass);
    await setImmediate();
    expect(taken).toEqual([1, 2]);
    open(1);
    await setImmediate();
    expect(taken).toEqual([1, 2, 3]);
    for (const item of [2, 3, 4]) {
      open(item);
      await setImmediate();
    }
    await all;
  });

  test('onError throw: starts no further item, waits for those that run, closes the source', async () => {
    const error = new Error('broken');
    let closed = false;
    function* source(): Generator<number> {
      try {
        yield* [1, 2, 3, 4];
      } finally {
        closed = true;
      }
    }
    const { open, pass, entered } = gate();
    let settled = false;
    const all = eachItem(source(), { concurrency: 2, onError: 'throw' }, async (item) => {
      if ((await pass(item)) === 1) throw error;
    });
    const seen = all.finally(() => {
      settled = true;
    });
    await setImmediate();
    open(1);
    await setImmediate();
    expect(entered).toEqual([1, 2]);
    expect(settled).toBe(false);
    open(2);
    await expect(seen).rejects.toBe(error);
    expect(closed).toBe(true);
    expect(entered).toEqual([1, 2]);
  });

  test('onError throw: the first error comes out', async () => {
    const errors = [new Error('first'), new Error('second')];
    const all = eachItem(errors, { concurrency: 2, onError: 'throw' }, async (error) => {
      throw error;
    });
    await expect(all).rejects.toBe(errors[0]);
  });

  test('a signal that aborts: no further item starts, and its reason comes out', async () => {
    const controller = new AbortController();
    const { open, pass, entered } = gate();
    const all = eachItem([1, 2, 3], { signal: controller.signal }, pass);
    await setImmediate();
    controller.abort('enough');
    open(1);
    await expect(all).rejects.toBe('enough');
    expect(entered).toEqual([1]);
  });

  test('a signal that has aborted before: nothing starts', async () => {
    const seen: number[] = [];
    const all = eachItem([1], { signal: AbortSignal.abort('enough') }, (item) => seen.push(item));
    await expect(all).rejects.toBe('enough');
    expect(seen).toEqual([]);
  });

  test('async iterables, and the errors of a source', async () => {
    const error = new Error('the source broke');
    async function* source(): AsyncGenerator<number> {
      yield 1;
      yield 2;
      throw error;
    }
    const { open, pass } = gate();
    const all = eachItem(source(), { concurrency: 3 }, pass);
    let settled = false;
    const seen = all.finally(() => {
      settled = true;
    });
    await setImmediate();
    open(1);
    await setImmediate();
    expect(settled).toBe(false);
    open(2);
    await expect(seen).rejects.toBe(error);
  });

  test('items that are promises or queries come as they are: nobody awaits them', async () => {
    let executed = 0;
    const query = {
      // oxlint-disable-next-line unicorn/no-thenable -- a query under test
      then(resolve: () => void): void {
        executed += 1;
        resolve();
      },
    };
    const given: unknown[] = [];
    await eachItem([query], {}, (item) => {
      given.push(item);
    });
    expect(given).toEqual([query]);
    expect(executed).toBe(0);
  });

  test('an item without an ID of its own is named by its place, and an ID function may fail', async () => {
    const ids = async <Item>(items: Item[], id?: (item: Item) => string): Promise<string[]> => {
      const results = await eachItem(items, { ...(id && { id }) }, () => undefined);
      return results.map((result) => result.id);
    };
    expect(await ids(['a', 7, { b: 1 }, Symbol('s')])).toEqual(['a', '7', '#2', '#3']);
    const throwing = (): never => {
      throw new Error('no ID');
    };
    expect(await ids(['a', {}], throwing)).toEqual(['a', '#1']);
    expect(await ids([{}], () => Object.create(null) as never)).toEqual(['#0']);
    expect(await ids([{}], (() => Promise.reject(new Error('late'))) as never)).toEqual(['#0']);
    expect(await ids([{}], () => undefined as never)).toEqual(['#0']);
    expect(await ids([{}], () => 5 as never)).toEqual(['5']);
  });

  test.for([
    () => {
      throw new Error('no attributes');
    },
    () => Promise.reject(new Error('late')),
    () => 7,
  ])('attributes as a function may fail: %o', async (attributes) => {
    const results = await withStage('ocr', { itemSpans: 'all' }, () =>
      eachItem(['a', 'b'], { attributes: attributes as never }, (item) => {
        if (item === 'b') throw new TypeError('broken');
        return item;
      }),
    );
    expect(results).toMatchObject([{ value: 'a' }, { status: 'failed' }]);
    expect(items()).toEqual([
      ['a', 'completed'],
      ['b', 'failed'],
    ]);
    expect(telemetry.sdk.log('item_failed').attributes).toMatchObject({
      'item.id': 'b',
      'error.type': 'TypeError',
    });
  });

  test('attributes are asked for when an item fails', async () => {
    const pages = new Map<string, number>();
    await withStage('ocr', () =>
      eachItem(
        ['a', 'b'],
        { concurrency: 2, attributes: (id) => ({ page_number: pages.get(id) }) },
        async (id) => {
          pages.set(id, 1);
          await Promise.resolve();
          pages.set(id, 2);
          if (id === 'b') throw new TypeError('broken');
        },
      ),
    );
    expect(telemetry.sdk.log('item_failed').attributes).toMatchObject({
      'item.id': 'b',
      page_number: 2,
    });
  });

  test('works outside any stage, without a record', async () => {
    expect(await eachItem([1], {}, (item) => item)).toHaveLength(1);
    expect(items()).toEqual([]);
  });
});
