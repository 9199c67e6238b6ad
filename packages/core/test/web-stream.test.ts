import { describe, expect, test } from 'vitest';
import { asStage, currentStage, withRun, withStage } from '@milepost/core';
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
const CANCELLED = 'the consumer cancelled the stream';

/** Gives `a`, `b`, `c`, each made in a stage of its own. */
function letters(): ReadableStream<string> {
  const left = ['a', 'b', 'c'];
  return new ReadableStream(
    {
      pull(controller) {
        const letter = withStage('letter', () => left.shift());
        if (letter === undefined) controller.close();
        else controller.enqueue(letter);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Gives nine bytes, as many at a time as its reader has room for. */
function nineBytes(): ReadableStream<Uint8Array> {
  let next = 1;
  return new ReadableStream({
    type: 'bytes',
    pull(controller: ReadableByteStreamController) {
      const view = controller.byobRequest?.view;
      if (next > 9) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else if (view) {
        const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        let written = 0;
        while (written < bytes.length && next <= 9) bytes[written++] = next++;
        controller.byobRequest?.respond(written);
      } else {
        controller.enqueue(new Uint8Array([next++]));
      }
    },
  });
}

async function collect<T>(stream: ReadableStream<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe('a stream of values', () => {
  test('is the stage as long as it is consumed, and child stages nest under it', async () => {
    const chunks = await withRun({ pipeline: 'letters' }, () =>
      collect(withStage('read', letters)),
    );
    expect(chunks).toEqual(['a', 'b', 'c']);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      letters (run) status="completed"
        read (stage) items.failed=0 items.successful=3 items.total=3 status="completed"
          letter (stage) status="completed"
          letter (stage) stage.occurrence=2 status="completed"
          letter (stage) stage.occurrence=3 status="completed"
          letter (stage) stage.occurrence=4 status="completed"
      "
    `);
  });

  test('nothing is read before somebody asks, and nothing has ended', async () => {
    let pulled = 0;
    const stream = withStage(
      'read',
      () =>
        new ReadableStream<number>(
          { pull: (controller) => controller.enqueue((pulled += 1)) },
          { highWaterMark: 0 },
        ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBe(0);
    expect(ends()).toEqual([]);
    const reader = stream.getReader();
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    expect(pulled).toBe(1);
    await reader.cancel();
  });

  test('an async function may resolve to it', async () => {
    const stream = await withStage('read', async () => letters());
    expect(await collect(stream)).toEqual(['a', 'b', 'c']);
    expect(ends().at(-1)).toEqual({ stage: 'read', status: 'completed', items: 3 });
  });

  test('an error in the middle is a failure, and the very same error', async () => {
    const error = new Error('broken');
    let sent = 0;
    const stream = withStage(
      'read',
      () =>
        new ReadableStream<number>(
          {
            pull(controller) {
              if (sent === 2) controller.error(error);
              else controller.enqueue((sent += 1));
            },
          },
          { highWaterMark: 0 },
        ),
    );
    const reader = stream.getReader();
    await reader.read();
    await reader.read();
    await expect(reader.read()).rejects.toBe(error);
    await expect(reader.closed).rejects.toBe(error);
    expect(ends()).toEqual([{ stage: 'read', status: 'failed', items: 2, error: 'broken' }]);
  });

  test('cancel is cancelled, with the number of items seen; the source hears the reason in the stage', async () => {
    let cancelledWith: unknown;
    const read = asStage(
      'read',
      () =>
        new ReadableStream<number>(
          {
            pull: (controller) => controller.enqueue(1),
            cancel(reason) {
              cancelledWith = [reason, currentStage()?.name];
            },
          },
          { highWaterMark: 0 },
        ),
    );
    const reader = read().getReader();
    await reader.read();
    await reader.read();
    await reader.cancel('enough');
    expect(cancelledWith).toEqual(['enough', 'read']);
    expect(ends()).toEqual([{ stage: 'read', status: 'cancelled', items: 2, reason: CANCELLED }]);
  });

  test('a break in for await cancels it', async () => {
    for await (const letter of withStage('read', letters)) if (letter === 'b') break;
    expect(ends().at(-1)).toEqual({
      stage: 'read',
      status: 'cancelled',
      items: 2,
      reason: CANCELLED,
    });
  });

  test('pipeTo, pipeThrough and tee work', async () => {
    const written: string[] = [];
    const upper = new TransformStream<string, string>({
      transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
    });
    const [left, right] = withStage('read', letters).tee();
    await Promise.all([
      left
        .pipeThrough(upper)
        .pipeTo(new WritableStream({ write: (chunk) => void written.push(chunk) })),
      collect(right),
    ]);
    expect(written).toEqual(['A', 'B', 'C']);
    expect(ends().at(-1)).toEqual({ stage: 'read', status: 'completed', items: 3 });
  });

  test('through two stages, both end with it', async () => {
    expect(await collect(withStage('outer', () => withStage('inner', letters)))).toHaveLength(3);
    expect(ends().slice(-2)).toEqual([
      { stage: 'inner', status: 'completed', items: 3 },
      { stage: 'outer', status: 'completed', items: 3 },
    ]);
  });

  test('a locked stream is somebody else’s already: it passes untouched', () => {
    const stream = letters();
    stream.getReader();
    expect(withStage('read', () => stream)).toBe(stream);
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: undefined }]);
  });
});

describe('a stream of bytes', () => {
  test('stays one: its reader brings its own buffer', async () => {
    const reader = withStage('read', nineBytes).getReader({ mode: 'byob' });
    const first = await reader.read(new Uint8Array(new ArrayBuffer(6), 0, 4));
    expect([...(first.value ?? [])]).toEqual([1, 2, 3, 4]);
    expect(first.value?.buffer.byteLength).toBe(6);
    const second = await reader.read(new Uint8Array(100));
    expect([...(second.value ?? [])]).toEqual([5, 6, 7, 8, 9]);
    expect((await reader.read(new Uint8Array(1))).done).toBe(true);
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: 2 }]);
  });

  test('is read by a reader without a buffer', async () => {
    const chunks = await collect(withStage('read', nineBytes));
    expect(chunks.flatMap((chunk) => [...chunk])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: expect.any(Number) }]);
  });

  test('small chunks stay small: who keeps them keeps no more', async () => {
    let left = 3;
    const stream = withStage(
      'read',
      () =>
        new ReadableStream({
          type: 'bytes',
          pull(controller: ReadableByteStreamController) {
            if (left-- > 0) controller.enqueue(new Uint8Array([1, 2, 3]));
            else controller.close();
          },
        }),
    );
    const chunks = await collect(stream);
    expect(chunks.map((chunk) => chunk.buffer.byteLength)).toEqual([3, 3, 3]);
  });

  test('readers of both kinds take turns', async () => {
    const stream = withStage('read', nineBytes);
    const plain = stream.getReader();
    expect([...((await plain.read()).value ?? [])]).toEqual([1]);
    plain.releaseLock();
    const bringing = stream.getReader({ mode: 'byob' });
    expect([...((await bringing.read(new Uint8Array(4))).value ?? [])]).toEqual([2, 3, 4, 5]);
    bringing.releaseLock();
    expect((await collect(stream)).flatMap((chunk) => [...chunk])).toEqual([6, 7, 8, 9]);
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: expect.any(Number) }]);
  });

  test('cancel reaches a source that is being read', async () => {
    let reason: unknown;
    const stream = withStage(
      'read',
      () =>
        new ReadableStream({
          type: 'bytes',
          pull: () => new Promise(() => undefined),
          cancel(given: unknown) {
            reason = given;
          },
        }),
    );
    const reader = stream.getReader();
    const pending = reader.read();
    await reader.cancel('enough');
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(reason).toBe('enough');
    expect(ends()).toEqual([
      { stage: 'read', status: 'cancelled', items: undefined, reason: CANCELLED },
    ]);
  });

  test('an error in the middle is a failure, and the very same error', async () => {
    const error = new Error('broken');
    const stream = withStage(
      'read',
      () =>
        new ReadableStream({
          type: 'bytes',
          pull(controller: ReadableByteStreamController) {
            controller.error(error);
          },
        }),
    );
    await expect(stream.getReader({ mode: 'byob' }).read(new Uint8Array(4))).rejects.toBe(error);
    expect(ends()).toEqual([
      { stage: 'read', status: 'failed', items: undefined, error: 'broken' },
    ]);
  });

  test('cancel is cancelled', async () => {
    const reader = withStage('read', nineBytes).getReader({ mode: 'byob' });
    await reader.read(new Uint8Array(3));
    await reader.cancel();
    expect(ends()).toEqual([{ stage: 'read', status: 'cancelled', items: 1, reason: CANCELLED }]);
  });

  test('the body of a Response is read by native consumers', async () => {
    const body = (): ReadableStream => {
      const { body: stream } = new Response('hello, world');
      if (stream === null) throw new Error('a response with text has a body');
      return stream;
    };
    expect(await new Response(withStage('read', body)).text()).toBe('hello, world');
    expect(ends()).toEqual([{ stage: 'read', status: 'completed', items: 1 }]);
  });

  test('large chunks come whole', async () => {
    const source = Buffer.alloc(1_000_000, 'abc');
    const stream = withStage('read', () => new Blob([source]).stream());
    expect(Buffer.from(await new Response(stream).arrayBuffer()).equals(source)).toBe(true);
  });
});
