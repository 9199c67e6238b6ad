import { describe, expect, test } from 'vitest';
import { currentStage, withRun, withStage } from '@milepost/core';
import { useLifecycle, useSdk } from './telemetry-harness.ts';

useSdk();
const lifecycle = useLifecycle();

const statuses = (): unknown[] =>
  lifecycle.events.flatMap((event) => (event.type === 'stage_ended' ? [event.status] : []));

/** As Knex's query builder: chain methods give the builder itself, and each `then` executes it. */
class QueryBuilder implements PromiseLike<string> {
  readonly log: string[];
  readonly #parts: string[] = [];
  #fails: Error | undefined;

  constructor(log: string[]) {
    this.log = log;
  }
  select(column: string): this {
    this.#parts.push(`select ${column}`);
    return this;
  }
  where(column: string): this {
    this.#parts.push(`where ${column}`);
    return this;
  }
  failWith(error: Error): this {
    this.#fails = error;
    return this;
  }
  toString(): string {
    return this.#parts.join(' ');
  }
  // oxlint-disable-next-line unicorn/no-thenable -- that is what a query builder is
  then<A = string, B = never>(
    onFulfilled?: ((value: string) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#execute().then(onFulfilled, onRejected);
  }
  catch<B>(onRejected: (reason: unknown) => B): Promise<string | B> {
    return this.then(undefined, onRejected);
  }
  finally(onFinally: () => void): Promise<string> {
    return this.#execute().finally(onFinally);
  }
  async #execute(): Promise<string> {
    this.log.push(`${String(this)} in ${currentStage()?.name ?? 'no stage'}`);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#fails) throw this.#fails;
    return String(this);
  }
}

/** As Prisma's: an object with the tag of a promise that starts its work at the first `then`, and once only. */
function prismaPromise<T>(work: () => Promise<T>): Promise<T> {
  let started: Promise<T> | undefined;
  const start = (): Promise<T> => (started ??= work());
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- that is what Prisma does
    then: (onFulfilled, onRejected) => start().then(onFulfilled, onRejected),
    catch: (onRejected) => start().catch(onRejected),
    finally: (onFinally) => start().finally(onFinally),
    [Symbol.toStringTag]: 'PrismaPromise',
  };
}

describe('a query builder', () => {
  test('runs once, when it is awaited, in the stage', async () => {
    const log: string[] = [];
    const query = withStage('query', () => new QueryBuilder(log).select('name'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
    expect(statuses()).toEqual([]);

    expect(await query).toBe('select name');
    expect(log).toEqual(['select name in query']);
    expect(statuses()).toEqual(['completed']);
  });

  test('lasts as long as its execution takes', async () => {
    let executed = 0;
    const slow = {
      // oxlint-disable-next-line unicorn/no-thenable -- a lazy thenable under test
      then(resolve: (value: number) => void): void {
        const start = performance.now();
        setTimeout(() => {
          executed = performance.now() - start;
          resolve(1);
        }, 20);
      },
    };
    expect(await withStage('query', () => slow)).toBe(1);
    const [end] = lifecycle.events.filter((event) => event.type === 'stage_ended');
    expect(end?.durationSeconds).toBeGreaterThanOrEqual(executed / 1000);
    expect(executed).toBeGreaterThan(0);
  });

  test('is watched also where the caller goes on building it', async () => {
    const log: string[] = [];
    const query = withStage('query', () => new QueryBuilder(log).select('name'));
    const built = query.where('id').where('age');
    expect(built).toBe(query);
    expect(String(built)).toBe('select name where id where age');
    expect(await built).toBe('select name where id where age');
    expect(log).toHaveLength(1);
    expect(statuses()).toEqual(['completed']);
  });

  test('fails with the very same error', async () => {
    const error = new Error('no such column');
    const query = withStage('query', () => new QueryBuilder([]).failWith(error));
    await expect(query).rejects.toBe(error);
    expect(statuses()).toEqual(['failed']);
  });

  test('runs again where the user awaits it again, as without us; the stage is the first time', async () => {
    const log: string[] = [];
    const query = withStage('query', () => new QueryBuilder(log));
    await query;
    await query;
    expect(log).toHaveLength(2);
    expect(statuses()).toEqual(['completed']);
  });

  test('runs once for catch and for finally', async () => {
    const log: string[] = [];
    const error = new Error('no');
    const failing = (): QueryBuilder => new QueryBuilder(log).failWith(error);
    expect(await withStage('query', failing).catch((reason: unknown) => reason)).toBe(error);
    let finished = 0;
    await withStage('query', () => new QueryBuilder(log)).finally(() => {
      finished += 1;
    });
    expect(finished).toBe(1);
    expect(log).toHaveLength(2);
    expect(statuses()).toEqual(['failed', 'completed']);
  });

  test('runs once through two stages and a run', async () => {
    const log: string[] = [];
    const value = await withRun({ pipeline: 'nested query' }, () =>
      withStage('outer', () => withStage('inner', () => new QueryBuilder(log).select('a'))),
    );
    expect(value).toBe('select a');
    expect(log).toEqual(['select a in inner']);
    expect(statuses()).toEqual(['completed', 'completed']);
  });

  test('runs once where an async function gives it back', async () => {
    const log: string[] = [];
    await withStage('query', async () => new QueryBuilder(log));
    expect(log).toEqual([' in query']);
    expect(statuses()).toEqual(['completed']);
  });

  test('never runs where nobody awaits it', async () => {
    const log: string[] = [];
    void withStage('query', () => new QueryBuilder(log));
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
  });
});

describe('a PrismaPromise', () => {
  test('keeps its tag, starts when it is awaited, and once', async () => {
    const log: unknown[] = [];
    const promise = withStage('find', () =>
      prismaPromise(async () => log.push(currentStage()?.name)),
    );
    expect(promise[Symbol.toStringTag]).toBe('PrismaPromise');
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
    expect(await Promise.all([promise, promise])).toEqual([1, 1]);
    expect(log).toEqual(['find']);
    expect(statuses()).toEqual(['completed']);
  });
});

test('a subclass of Promise that starts in its `then` is lazy too (postgres.js)', async () => {
  const log: string[] = [];
  class LazyQuery extends Promise<string> {
    readonly #start: (value: string) => void;
    constructor(executor?: (resolve: (value: string) => void) => void) {
      let start = (_: string): void => undefined;
      super((resolve) => {
        start = resolve;
        executor?.(resolve);
      });
      this.#start = start;
    }
    static override get [Symbol.species](): PromiseConstructor {
      return Promise;
    }
    // oxlint-disable-next-line unicorn/no-thenable -- that is what a lazy promise is
    override then<A = string, B = never>(
      onFulfilled?: ((value: string) => A | PromiseLike<A>) | null,
      onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
      log.push('executed');
      this.#start('rows');
      return super.then(onFulfilled, onRejected);
    }
  }
  const query = withStage('query', () => new LazyQuery());
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual([]);
  expect(await query).toBe('rows');
  expect(log).toEqual(['executed']);
  expect(statuses()).toEqual(['completed']);
});

test('a frozen thenable is watched and works', async () => {
  const thenable = Object.freeze({
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable under test
    then: (resolve: (value: number) => void) => resolve(4),
    extra: 'kept',
  });
  const given = withStage('frozen', () => thenable);
  expect(given.extra).toBe('kept');
  expect(await given).toBe(4);
  expect(statuses()).toEqual(['completed']);
});

test('a thenable whose `then` throws rejects with that error, and fails the stage', async () => {
  const error = new Error('then throws');
  const given = withStage('query', () => ({
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable under test
    then() {
      throw error;
    },
  }));
  await expect(Promise.resolve(given)).rejects.toBe(error);
  expect(statuses()).toEqual(['failed']);
});
