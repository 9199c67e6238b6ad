import { type Context } from '@opentelemetry/api';
import { watchBytes } from './watch-byte-stream.ts';
import { type OutcomeObserver } from './watch-outcome.ts';
import { watchedCancel, watchedRead } from './watched-read.ts';

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
        const result = await watchedRead(context, observer, () =>
          (reader ??= stream.getReader()).read(),
        );
        if (result.done) controller.close();
        else controller.enqueue(result.value);
      },
      cancel: (reason) =>
        watchedCancel(context, observer, () => (reader ??= stream.getReader()).cancel(reason)),
    },
    // Nothing is read before somebody asks.
    { highWaterMark: 0 },
  );
}
