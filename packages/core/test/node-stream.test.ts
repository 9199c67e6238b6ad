import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { withRun, withStage } from '@milepost/core';
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
const DESTROYED = 'the stream was destroyed early';
const COMPLETED = { stage: 'read', status: 'completed', items: 3 };

const closed = (stream: Readable): Promise<void> =>
  new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', resolve);
  });
const letters = (): Readable => Readable.from(['a', 'b', 'c']);
const failingAfter = (error: Error): Readable =>
  Readable.from(
    (function* () {
      yield 'a';
      throw error;
    })(),
  );
function sink(): Writable & { readonly text: string[] } {
  const text: string[] = [];
  const writable = new Writable({
    objectMode: true,
    write(chunk, _, done) {
      text.push(String(chunk));
      done();
    },
  });
  return Object.assign(writable, { text });
}

describe('a Node stream', () => {
  test('stays the same object, and has no listener that starts it or handles its errors', () => {
    const stream = letters();
    expect(withStage('read', () => stream)).toBe(stream);
    expect(stream.listenerCount('data')).toBe(0);
    expect(stream.listenerCount('error')).toBe(0);
    expect(stream.listenerCount('readable')).toBe(0);
    expect(stream.readableFlowing).toBeNull();
    expect(ends()).toEqual([]);
  });

  test('for await is the stage, and what feeds it runs in the stage', async () => {
    const chunks: unknown[] = [];
    await withRun({ pipeline: 'node letters' }, async () => {
      const stream = withStage('read', () =>
        Readable.from(
          (async function* () {
            for (const letter of ['a', 'b']) yield await withStage('letter', async () => letter);
          })(),
        ),
      );
      for await (const chunk of stream) chunks.push(chunk);
    });
    expect(chunks).toEqual(['a', 'b']);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      node letters (run) status="completed"
        read (stage) items.failed=0 items.successful=2 items.total=2 status="completed"
          letter (stage) status="completed"
          letter (stage) stage.occurrence=2 status="completed"
      "
    `);
  });

  test('nothing of ours is left on it when it has ended', async () => {
    const [watched, plain] = [letters(), letters()];
    await withStage('read', () => watched).toArray();
    await plain.toArray();
    const left = (stream: Readable): unknown => [
      stream.eventNames(),
      Object.getOwnPropertyNames(stream),
    ];
    expect(left(watched)).toEqual(left(plain));
  });

  test.for([
    [
      "'data' listeners",
      async (stream: Readable) => {
        const text: unknown[] = [];
        stream.on('data', (chunk) => text.push(chunk));
        await once(stream, 'end');
        return text;
      },
    ],
    [
      "'readable' and read()",
      async (stream: Readable) => {
        const text: unknown[] = [];
        stream.on('readable', () => {
          for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read())
            text.push(chunk);
        });
        await once(stream, 'end');
        return text;
      },
    ],
    [
      'pipe',
      async (stream: Readable) => {
        const target = sink();
        stream.pipe(target);
        await once(target, 'finish');
        return target.text;
      },
    ],
    [
      'pipeline',
      async (stream: Readable) => {
        const target = sink();
        await pipeline(stream, target);
        return target.text;
      },
    ],
    ['toArray', (stream: Readable) => stream.toArray()],
    [
      'Readable.toWeb',
      async (stream: Readable) => {
        const text: unknown[] = [];
        for await (const chunk of Readable.toWeb(stream)) text.push(chunk);
        return text;
      },
    ],
  ] as const)('is consumed by %s as without us', async ([, consume]) => {
    expect(await consume(withStage('read', letters))).toEqual(['a', 'b', 'c']);
    expect(ends()).toEqual([COMPLETED]);
  });

  test('an async function may resolve to it', async () => {
    const stream = await withStage('read', async () => letters());
    expect(await stream.toArray()).toHaveLength(3);
    expect(ends()).toEqual([COMPLETED]);
  });

  test('an error in the middle is a failure, and the very same error', async () => {
    const error = new Error('broken');
    await expect(
      pipeline(
        withStage('read', () => failingAfter(error)),
        sink(),
      ),
    ).rejects.toBe(error);
    expect(ends()).toEqual([{ stage: 'read', status: 'failed', items: 1, error: 'broken' }]);
  });

  test('destroyed early it is cancelled, with the number of items seen', async () => {
    const stream = withStage('read', letters);
    let seen = 0;
    stream.on('data', () => {
      seen += 1;
      stream.destroy();
    });
    await closed(stream);
    expect(ends()).toEqual([
      { stage: 'read', status: 'cancelled', items: seen, reason: DESTROYED },
    ]);
  });

  test('left early by for await it is cancelled, with the number of items seen', async () => {
    const stream = withStage('read', letters);
    for await (const chunk of stream) if (chunk === 'b') break;
    expect(stream.destroyed).toBe(true);
    await closed(stream);
    expect(ends()).toEqual([{ stage: 'read', status: 'cancelled', items: 2 }]);
  });

  test('destroyed with an error it is a failure', async () => {
    const stream = withStage('read', letters);
    const error = new Error('no more');
    stream.on('error', () => undefined).destroy(error);
    await closed(stream);
    expect(ends()).toEqual([
      { stage: 'read', status: 'failed', items: undefined, error: 'no more' },
    ]);
  });

  test('aborted by a signal it is cancelled', async () => {
    const controller = new AbortController();
    const stream = withStage('read', () =>
      Readable.from(['a', 'b'], { signal: controller.signal }),
    );
    stream.on('error', () => undefined);
    controller.abort();
    await closed(stream);
    expect(ends()).toEqual([{ stage: 'read', status: 'cancelled', items: undefined }]);
  });

  test('one that has ended already has been consumed', async () => {
    const stream = letters();
    await stream.toArray();
    withStage('read', () => stream);
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: undefined }]);
  });

  test('one that was destroyed already is cancelled, or has failed', async () => {
    const [quiet, broken] = [letters().destroy(), letters()];
    broken.on('error', () => undefined).destroy(new Error('broken'));
    await closed(broken);
    withStage('read', () => quiet);
    withStage('read', () => broken);
    expect(ends()).toEqual([
      { stage: 'read', status: 'cancelled', items: undefined, reason: DESTROYED },
      { stage: 'read', status: 'failed', items: undefined, error: 'broken' },
    ]);
  });

  test('through two stages, both end with it', async () => {
    await withStage('outer', () => withStage('inner', letters)).toArray();
    expect(ends()).toEqual([
      { stage: 'inner', status: 'completed', items: 3 },
      { stage: 'outer', status: 'completed', items: 3 },
    ]);
  });

  test('who replaces its methods meanwhile keeps the replacement', async () => {
    const stream = withStage('read', letters);
    const events: unknown[] = [];
    const emit = stream.emit.bind(stream);
    stream.emit = (name: string | symbol, ...args: unknown[]) => {
      events.push(name);
      return emit(name, ...args);
    };
    const replaced = stream.emit;
    await stream.toArray();
    expect(stream.emit).toBe(replaced);
    expect(events.filter((name) => name === 'data')).toHaveLength(3);
    expect(ends()).toEqual([COMPLETED]);
  });
});

test('a Duplex passes untouched: who knows which of its sides is the work', () => {
  const duplex = new PassThrough();
  expect(withStage('open', () => duplex)).toBe(duplex);
  expect(duplex.eventNames()).toEqual(new PassThrough().eventNames());
  expect(ends()).toEqual([{ stage: 'open', status: 'completed', items: undefined }]);
});
