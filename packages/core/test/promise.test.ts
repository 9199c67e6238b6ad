import { ChildProcess, exec, spawn } from 'node:child_process';
import { promisify, types } from 'node:util';
import { describe, expect, test } from 'vitest';
import { asStage, currentStage, withRun, withStage } from '@milepost/core';
import { spanTree, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();

const statuses = (): unknown[] =>
  lifecycle.events
    .filter((event) => event.type === 'stage_ended')
    .map((event) => `${event.stage.name} ${event.status}`);

class Query extends Promise<number> {
  #cancelled = false;
  #priority = 0;
  readonly tag: string = 'a query';

  cancel(): boolean {
    this.#cancelled = true;
    return this.#cancelled;
  }
  get priority(): number {
    return this.#priority;
  }
  set priority(value: number) {
    this.#priority = value;
  }
  urgent(): this {
    this.#priority = 9;
    return this;
  }
}

describe('a promise with members of its own', () => {
  test('a subclass keeps methods, accessors and fields, private ones too', async () => {
    const query = withStage('ask', () => new Query((resolve) => setImmediate(resolve, 7)));

    expect(query).toBeInstanceOf(Query);
    expect(query.tag).toBe('a query');
    expect(query.cancel()).toBe(true);
    query.priority = 3;
    expect(query.priority).toBe(3);
    expect(query.urgent()).toBe(query);
    expect(query.priority).toBe(9);
    expect(await query).toBe(7);
    expect(await query.then((value) => value + 1)).toBe(8);
    expect(statuses()).toEqual(['ask completed']);
  });

  test('own properties and methods are reached, with their own properties', async () => {
    const kill = Object.assign(
      function kill(this: unknown) {
        return this;
      },
      { signals: 31 },
    );
    const own = Object.assign(Promise.resolve('done'), { kill, pid: 42 });
    const given = withStage('run', () => own);

    expect(given.pid).toBe(42);
    expect(given.kill()).toBe(given);
    expect(given.kill.signals).toBe(31);
    expect(given.kill.name).toBe('kill');
    expect(await given).toBe('done');
  });

  test('the child of a promisified exec is there', async () => {
    const running = withStage('exec', () => promisify(exec)('exit 3'));
    expect(running.child).toBeInstanceOf(ChildProcess);
    await expect(running).rejects.toMatchObject({ code: 3 });
    expect(statuses()).toEqual(['exec failed']);
  });

  test('a child process that is a promise too (execa) can be killed', async () => {
    const start = (): ChildProcess & PromiseLike<string> => {
      const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
      const ended = new Promise<string>((resolve) => {
        child.on('exit', (_, signal) => resolve(String(signal)));
      });
      // oxlint-disable-next-line unicorn/no-thenable -- that is what execa gives
      return Object.assign(child, { then: ended.then.bind(ended) });
    };
    const subprocess = withStage('run', start);
    expect(subprocess.kill('SIGTERM')).toBe(true);
    expect(await subprocess).toBe('SIGTERM');
    expect(statuses()).toEqual(['run completed']);
  });

  test('Symbol.species decides about the class of what follows, as without us', async () => {
    class Plain extends Promise<number> {
      static override get [Symbol.species](): PromiseConstructor {
        return Promise;
      }
    }
    const given = withStage('ask', () => new Plain((resolve) => resolve(1)));
    expect(given).toBeInstanceOf(Plain);
    const next = given.then((value) => value);
    expect(next).not.toBeInstanceOf(Plain);
    expect(await next).toBe(1);
  });

  test('what Node notes about a promise under symbols does not make it special', () => {
    const noted = Object.assign(Promise.resolve(1), { [Symbol('async_id_symbol')]: 5 });
    const given = withStage('ask', () => noted);
    expect([types.isPromise(given), types.isProxy(given)]).toEqual([true, false]);
  });
});

describe('a stage around a stage that gives a promise with members', () => {
  test('ends with it, also when nobody awaits', async () => {
    let finish = (_: number): void => undefined;
    const query = new Query((resolve) => {
      finish = resolve;
    });
    const given = withStage('outer', () => withStage('inner', () => query));
    expect(given.cancel()).toBe(true);
    finish(1);
    await query;
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    expect(statuses()).toEqual(['inner completed', 'outer completed']);
  });
});

test('catch and finally of the promise that comes back work as on the original', async () => {
  const error = new Error('broken');
  const seen: unknown[] = [];
  await withStage('ask', () => Promise.reject(error))
    .finally(() => seen.push('finally'))
    .catch((reason: unknown) => seen.push(reason));
  expect(seen).toEqual(['finally', error]);
});

test('a synchronous stage stays synchronous within an asynchronous run', async () => {
  const order: string[] = [];
  await withRun({ pipeline: 'sync' }, async () => {
    const value = withStage('step', () => {
      order.push('in');
      return 5;
    });
    order.push(`out ${value}`);
  });
  expect(order).toEqual(['in', 'out 5']);
});

test('what runs after an await is still in the stage', async () => {
  const load = asStage('load', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    withStage('parse', () => undefined);
    return currentStage()?.name;
  });
  expect(await withRun({ pipeline: 'awaits' }, () => load())).toBe('load');
  expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
    "
    awaits (run) status="completed"
      load (stage) status="completed"
        parse (stage) status="completed"
    "
  `);
});
