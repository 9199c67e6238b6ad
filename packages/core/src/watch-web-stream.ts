import { type Context } from '@opentelemetry/api';
import { withContext } from './scope.ts';
import { type OutcomeObserver } from './watch-outcome.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * A stream that gives what the user's gives, as late as its reader asks for it, and reports how its consumption went. Native
 * consumers (`new Response(stream)`, `pipeTo`) look past a proxy or an overridden method, so it is a stream of its own. A
 * byte stream stays one: its readers may bring their own buffer.
 */
export function watchWebStream(
  stream: ReadableStream<unknown>,
  context: Context,
  observer: OutcomeObserver,
): ReadableStream<unknown> {
  return isByteStream(stream)
    ? watchBytes(stream, context, observer)
    : watchValues(stream, context, observer);
}

function isByteStream(stream: ReadableStream<unknown>): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    // Only byte streams have such a reader.
    return false;
  }
}

function watchValues(
  stream: ReadableStream<unknown>,
  context: Context,
  observer: OutcomeObserver,
): ReadableStream<unknown> {
  let reader: ReadableStreamDefaultReader<unknown> | undefined;
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const result = await watched(context, observer, () =>
          (reader ??= stream.getReader()).read(),
        );
        if (result.done) controller.close();
        else controller.enqueue(result.value);
      },
      cancel: (reason) =>
        cancelled(context, observer, () => (reader ??= stream.getReader()).cancel(reason)),
    },
    // Nothing is read before somebody asks.
    { highWaterMark: 0 },
  );
}

function watchBytes(
  stream: ReadableStream<unknown>,
  context: Context,
  observer: OutcomeObserver,
): ReadableStream<unknown> {
  let reader: ReadableStreamBYOBReader | undefined;
  const reading = (): ReadableStreamBYOBReader => (reader ??= stream.getReader({ mode: 'byob' }));
  return new ReadableStream(
    {
      type: 'bytes',
      autoAllocateChunkSize: CHUNK_BYTES,
      async pull(controller: ReadableByteStreamController) {
        const request = controller.byobRequest;
        const size = request?.view?.byteLength ?? CHUNK_BYTES;
        // The request's buffer stays where it is: the source reads into one of ours, and what came is copied.
        const result = await watched(context, observer, () => reading().read(new Uint8Array(size)));
        if (result.done) {
          controller.close();
          request?.respond(0);
        } else if (request?.view) {
          new Uint8Array(request.view.buffer, request.view.byteOffset).set(result.value);
          request.respond(result.value.byteLength);
        } else {
          controller.enqueue(result.value);
        }
      },
      cancel: (reason: unknown) => cancelled(context, observer, () => reading().cancel(reason)),
    },
    { highWaterMark: 0 },
  );
}

async function watched<R extends { done: boolean }>(
  context: Context,
  observer: OutcomeObserver,
  read: () => Promise<R>,
): Promise<R> {
  try {
    const result = await withContext(context, read);
    if (result.done) observer.ended({ kind: 'returned', value: undefined });
    else observer.gave();
    return result;
  } catch (error) {
    observer.ended({ kind: 'threw', error });
    throw error;
  }
}

async function cancelled(
  context: Context,
  observer: OutcomeObserver,
  cancel: () => Promise<void>,
): Promise<void> {
  try {
    await withContext(context, cancel);
  } finally {
    observer.ended({ kind: 'abandoned', reason: 'the consumer cancelled the stream' });
  }
}
