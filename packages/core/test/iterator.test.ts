import { describe, expect, test } from 'vitest';
import { asStage, currentStage, withItem, withRun, withStage } from '@milepost/core';
import { spanTree, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();

const ends = (): unknown[] =>
  lifecycle.events
    .filter((event) => event.type === 'stage_ended')
    .map(({ stage, status, reason, items, error }) => ({
      stage: stage.name,
      status,
      items: items?.total,
      ...(reason !== undefined && { reason }),
      ...(error && { error: error.message }),
    }));

function* pages(): Generator<number, string, string | undefined> {
  for (let page = 1; page <= 3; page += 1) {
    withStage('page', () => page);
    yield page;
  }
  return 'all pages';
}

async function* pagesLater(): AsyncGenerator<number, string, string | undefined> {
  for (let page = 1; page <= 3; page += 1) {
    await withStage('page', async () => page);
    yield page;
  }
  return 'all pages';
}

const pageEnds = (count: number): unknown[] =>
  Array.from({ length: count }, () => ({ stage: 'page', status: 'completed', items: undefined }));

describe('a generator', () => {
  test('is the stage as long as it is consumed, and its child stages nest under it', () => {
    const seen = withRun({ pipeline: 'pages' }, () => [...withStage('read', pages)]);
    expect(seen).toEqual([1, 2, 3]);
    expect(ends()).toEqual([...pageEnds(3), { stage: 'read', status: 'completed', items: 3 }]);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      pages (run) status="completed"
        read (stage) items.failed=0 items.successful=3 items.total=3 status="completed"
          page (stage) status="completed"
          page (stage) stage.occurrence=2 status="completed"
          page (stage) stage.occurrence=3 status="completed"
      "
    `);
  });

  test('has not ended before its consumption', () => {
    const iterator = withStage('read', pages);
    expect(ends()).toEqual([]);
    expect(iterator.next()).toEqual({ done: false, value: 1 });
    expect(ends()).toEqual(pageEnds(1));
    expect([...iterator]).toEqual([2, 3]);
    expect(ends()).toHaveLength(4);
  });

  test('its return value comes out', () => {
    const iterator = withStage('read', pages);
    expect([iterator.next(), iterator.next(), iterator.next(), iterator.next()].at(-1)).toEqual({
      done: true,
      value: 'all pages',
    });
  });

  test('a break cancels it with the number of items seen, and its finally runs in the stage', () => {
    let cleanedIn: string | undefined;
    const read = asStage('read', function* () {
      try {
        yield* [1, 2, 3, 4];
      } finally {
        cleanedIn = currentStage()?.name;
      }
    });
    for (const page of read()) if (page === 2) break;
    expect(cleanedIn).toBe('read');
    expect(ends()).toEqual([
      { stage: 'read', status: 'cancelled', items: 2, reason: 'the consumer stopped early' },
    ]);
  });

  test('an error in the middle is a failure, and the very same error', () => {
    const error = new Error('page 2 is broken');
    const read = asStage('read', function* () {
      yield 1;
      throw error;
    });
    const seen: number[] = [];
    expect(() => {
      for (const page of read()) seen.push(page);
    }).toThrow(error);
    expect(seen).toEqual([1]);
    expect(ends()).toEqual([
      { stage: 'read', status: 'failed', items: 1, error: 'page 2 is broken' },
    ]);
  });

  test('an error thrown into it that it does not catch is a failure', () => {
    const iterator = withStage('read', pages);
    iterator.next();
    const error = new Error('from outside');
    expect(() => iterator.throw(error)).toThrow(error);
    expect(ends().at(-1)).toEqual({
      stage: 'read',
      status: 'failed',
      items: 1,
      error: 'from outside',
    });
  });

  test('what is sent into it arrives', () => {
    const echo = withStage('echo', function* (): Generator<string, void, string> {
      yield yield 'first';
    });
    expect(echo.next('ignored').value).toBe('first');
    expect(echo.next('sent').value).toBe('sent');
  });

  test('delegating to it with yield* works', () => {
    function* outer(): Generator<number, string> {
      return yield* withStage('read', pages);
    }
    expect([...outer()]).toEqual([1, 2, 3]);
    expect(ends().at(-1)).toEqual({ stage: 'read', status: 'completed', items: 3 });
  });

  test('one that never gave anything has no items', () => {
    expect([...withStage('read', function* (): Generator<number> {})]).toEqual([]);
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: undefined }]);
  });

  test('of a stage around a stage keeps both open until it is consumed', () => {
    const iterator = withStage('outer', () => withStage('inner', pages));
    expect(ends()).toEqual([]);
    expect([...iterator]).toEqual([1, 2, 3]);
    expect(ends().slice(3)).toEqual([
      { stage: 'inner', status: 'completed', items: 3 },
      { stage: 'outer', status: 'completed', items: 3 },
    ]);
  });

  test('of an item keeps the item open until it is consumed', () => {
    withStage('read', () => {
      const values = withItem('a.pdf', pages);
      expect(lifecycle.events.filter((event) => event.type === 'item_ended')).toEqual([]);
      expect([...values]).toEqual([1, 2, 3]);
    });
    expect(
      lifecycle.events.flatMap((event) => (event.type === 'item_ended' ? [event.status] : [])),
    ).toEqual(['completed']);
  });
});

describe('helpers of iterators', () => {
  test('pull through the stage', () => {
    expect(
      withStage('read', pages)
        .map((page) => page * 10)
        .toArray(),
    ).toEqual([10, 20, 30]);
    expect(ends().at(-1)).toEqual({ stage: 'read', status: 'completed', items: 3 });
  });

  test('take cancels what it leaves', () => {
    expect(withStage('read', pages).take(2).toArray()).toEqual([1, 2]);
    expect(ends().at(-1)).toEqual({
      stage: 'read',
      status: 'cancelled',
      items: 2,
      reason: 'the consumer stopped early',
    });
  });
});

describe('an async generator', () => {
  test('is the stage as long as it is consumed, and its child stages nest under it', async () => {
    const seen: number[] = [];
    await withRun({ pipeline: 'pages later' }, async () => {
      for await (const page of withStage('read', pagesLater)) seen.push(page);
    });
    expect(seen).toEqual([1, 2, 3]);
    expect(ends()).toEqual([...pageEnds(3), { stage: 'read', status: 'completed', items: 3 }]);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      pages later (run) status="completed"
        read (stage) items.failed=0 items.successful=3 items.total=3 status="completed"
          page (stage) status="completed"
          page (stage) stage.occurrence=2 status="completed"
          page (stage) stage.occurrence=3 status="completed"
      "
    `);
  });

  test('what an async function resolves to is consumed too', async () => {
    const iterator = await withStage('read', async () => pagesLater());
    expect(ends()).toEqual([]);
    for await (const _ of iterator) expect(currentStage()).toBeUndefined();
    expect(ends().at(-1)).toEqual({ stage: 'read', status: 'completed', items: 3 });
  });

  test('a break cancels it, and its finally runs in the stage', async () => {
    let cleanedIn: string | undefined;
    const read = asStage('read', async function* () {
      try {
        yield* [1, 2, 3];
      } finally {
        await Promise.resolve();
        cleanedIn = currentStage()?.name;
      }
    });
    for await (const page of read()) if (page === 1) break;
    expect(cleanedIn).toBe('read');
    expect(ends()).toEqual([
      { stage: 'read', status: 'cancelled', items: 1, reason: 'the consumer stopped early' },
    ]);
  });

  test('an error in the middle is a failure, and the very same error', async () => {
    const error = new Error('page 2 is broken');
    const iterator = withStage('read', async function* () {
      yield 1;
      throw error;
    });
    await iterator.next();
    await expect(iterator.next()).rejects.toBe(error);
    expect(ends()).toEqual([
      { stage: 'read', status: 'failed', items: 1, error: 'page 2 is broken' },
    ]);
  });

  test('an abort in the middle is cancelled', async () => {
    const controller = new AbortController();
    const iterator = withStage('read', async function* () {
      yield 1;
      controller.signal.throwIfAborted();
    });
    await iterator.next();
    controller.abort();
    await expect(iterator.next()).rejects.toBe(controller.signal.reason);
    expect(ends()).toEqual([{ stage: 'read', status: 'cancelled', items: 1 }]);
  });
});

describe('an iterator of another kind', () => {
  test('without a return of its own: a break is heard all the same, and it can go on as without us', () => {
    const entries = withStage('read', () =>
      new Map([
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ]).values(),
    );
    for (const entry of entries) if (entry === 'a') break;
    expect([...entries]).toEqual(['b', 'c']);
    expect(ends()).toEqual([
      { stage: 'read', status: 'cancelled', items: 1, reason: 'the consumer stopped early' },
    ]);
  });

  test('an async one without a return of its own', async () => {
    let next = 0;
    const counter: AsyncIterableIterator<number> = {
      async next() {
        next += 1;
        return { done: false, value: next };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    for await (const value of withStage('count', () => counter)) if (value === 3) break;
    expect(ends()).toEqual([
      { stage: 'count', status: 'cancelled', items: 3, reason: 'the consumer stopped early' },
    ]);
  });

  test('a class with private fields keeps its other members', () => {
    class Cursor implements IterableIterator<number> {
      #position = 0;
      next(): IteratorResult<number> {
        this.#position += 1;
        return this.#position > 2
          ? { done: true, value: undefined }
          : { done: false, value: this.#position };
      }
      [Symbol.iterator](): this {
        return this;
      }
      position(): number {
        return this.#position;
      }
    }
    const cursor = withStage('read', () => new Cursor());
    expect([...cursor]).toEqual([1, 2]);
    expect(cursor.position()).toBe(3);
    expect(cursor).toBeInstanceOf(Cursor);
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: 2 }]);
  });

  test('a frozen one is watched and works', () => {
    let left = 2;
    const frozen = Object.freeze({
      next: (): IteratorResult<number> =>
        left-- > 0 ? { done: false, value: left } : { done: true, value: undefined },
      [Symbol.iterator]() {
        return this;
      },
    });
    expect([...withStage('read', () => frozen)]).toEqual([1, 0]);
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: 2 }]);
  });
});

describe('what is no iterator of its own passes untouched', () => {
  const asyncIterable = {
    async *[Symbol.asyncIterator]() {
      yield 1;
    },
  };
  test.for([
    ['an array', [1, 2]],
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['a typed array', new Uint8Array(2)],
    ['an async iterable', asyncIterable],
    ['an object with a next of its own kind', { next: () => 'page' }],
    [
      'a proxy that would call somebody else',
      new Proxy(() => undefined, {
        get() {
          throw new Error('a call to somewhere else');
        },
      }),
    ],
  ] as const)('%s', ([, value]) => {
    expect(
      Object.is(
        withStage('give', (): unknown => value),
        value,
      ),
    ).toBe(true);
    expect(ends()).toEqual([{ stage: 'give', status: 'completed', items: undefined }]);
  });
});

test('a result whose `done` throws reaches its consumer, who meets it', () => {
  const result = Object.defineProperty({}, 'done', {
    get() {
      throw new Error('no answer');
    },
  });
  const iterator = {
    next: () => result,
    [Symbol.iterator]() {
      return this;
    },
  };
  const watched = withStage('work', () => iterator);
  expect(watched.next()).toBe(result);
});
