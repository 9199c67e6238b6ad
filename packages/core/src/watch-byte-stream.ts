import { type Context } from '@opentelemetry/api';
import { type OutcomeObserver } from './watch-outcome.ts';
import { watchedCancel, watchedRead } from './watched-read.ts';

interface ReadResult {
  readonly done: boolean;
  readonly value?: unknown;
}

/**
 * A byte stream that gives what the user's gives, watched. Each read of the source is of the kind that the consumer's is: not
 * every source can fill a buffer that its reader brings, and a buffer of ours would stay with every small chunk.
 */
export function watchBytes(
  stream: ReadableStream<unknown>,
  context: Context,
  observer: OutcomeObserver,
): ReadableStream<unknown> {
  let reading: ByteReader | undefined;
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller: ReadableByteStreamController) {
        const request = controller.byobRequest;
        const result = await watchedRead(context, observer, async () => {
          const reader = readerLike(stream, request);
          reading = reader;
          try {
            return await reader.read();
          } finally {
            reading = undefined;
            reader.release();
          }
        });
        give(result, controller, request);
      },
      cancel: (reason: unknown) =>
        watchedCancel(context, observer, () => (reading ?? stream).cancel(reason)),
    },
    { highWaterMark: 0 },
  );
}

interface ByteReader {
  read(): Promise<ReadResult>;
  cancel(reason: unknown): Promise<void>;
  release(): void;
}

function readerLike(
  stream: ReadableStream<unknown>,
  request: ReadableStreamBYOBRequest | null,
): ByteReader {
  const size = request?.view?.byteLength;
  if (size === undefined) {
    const reader = stream.getReader();
    return {
      read: () => reader.read(),
      cancel: (reason) => reader.cancel(reason),
      release: () => reader.releaseLock(),
    };
  }
  const reader = stream.getReader({ mode: 'byob' });
  return {
    // The request's own buffer stays where it is: the source fills one of ours, and what came is copied.
    read: () => reader.read(new Uint8Array(size)),
    cancel: (reason) => reader.cancel(reason),
    release: () => reader.releaseLock(),
  };
}

function give(
  { done, value }: ReadResult,
  controller: ReadableByteStreamController,
  request: ReadableStreamBYOBRequest | null,
): void {
  if (done) {
    controller.close();
    request?.respond(0);
  } else if (value instanceof Uint8Array) {
    if (request?.view) {
      new Uint8Array(request.view.buffer, request.view.byteOffset).set(value);
      request.respond(value.byteLength);
    } else {
      controller.enqueue(value);
    }
  }
}
