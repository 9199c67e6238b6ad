import { errorMonitor } from 'node:events';
import { type Readable } from 'node:stream';
import { type Context } from '@opentelemetry/api';
import { withContext } from './scope.ts';
import { type OutcomeObserver } from './watch-outcome.ts';

/** Whether a value is a Node `Readable` and no `Duplex`, also one of another copy of `readable-stream`. */
export function isNodeReadable(value: object): value is Readable {
  try {
    return (
      typeof Reflect.get(value, '_readableState') === 'object' &&
      typeof Reflect.get(value, 'pipe') === 'function' &&
      typeof Reflect.get(value, '_read') === 'function' &&
      Reflect.get(value, '_writableState') === undefined
    );
  } catch {
    return false;
  }
}

/**
 * Watches a Node stream without consuming it or handling its errors: the very same object comes back. What feeds it (the
 * generator of `Readable.from`) runs in the work's context.
 */
export function watchNodeReadable<T extends Readable>(
  stream: T,
  context: Context,
  observer: OutcomeObserver,
): T {
  if (stream.readableEnded) {
    observer.ended({ kind: 'returned', value: stream });
    return stream;
  }
  if (stream.destroyed) {
    observer.ended(
      stream.errored === null
        ? { kind: 'abandoned', reason: 'the stream was destroyed early' }
        : { kind: 'threw', error: stream.errored },
    );
    return stream;
  }
  const restore = [countChunks(stream, observer), feedInContext(stream, context)];
  const end = (outcome: Parameters<OutcomeObserver['ended']>[0]): void => {
    observer.ended(outcome);
    stream.off('end', onEnd).off('close', onClose).off(errorMonitor, onError);
    for (const undo of restore) undo();
  };
  const onEnd = (): void => end({ kind: 'returned', value: stream });
  const onClose = (): void => end({ kind: 'abandoned', reason: 'the stream was destroyed early' });
  const onError = (error: unknown): void => end({ kind: 'threw', error });
  stream.on('end', onEnd).on('close', onClose).on(errorMonitor, onError);
  return stream;
}

// A 'data' listener would start the stream; every chunk passes through `emit` whether anybody listens or not.
function countChunks(stream: Readable, observer: OutcomeObserver): () => void {
  return overrideOwn(stream, 'emit', (emit) => (...args) => {
    if (args[0] === 'data') observer.gave();
    return Reflect.apply(emit, stream, args);
  });
}

function feedInContext(stream: Readable, context: Context): () => void {
  return overrideOwn(
    stream,
    '_read',
    (feed) =>
      (...args) =>
        withContext(context, () => Reflect.apply(feed, stream, args)),
  );
}

type Method = (...args: unknown[]) => unknown;

/** Puts a method in front of an object's own or inherited one. Gives what takes it away again. */
function overrideOwn(
  target: object,
  key: string,
  override: (original: Method) => Method,
): () => void {
  const own = Reflect.getOwnPropertyDescriptor(target, key);
  const original: unknown = Reflect.get(target, key);
  if (typeof original !== 'function') return () => undefined;
  const replacement = override((...args) => Reflect.apply(original, target, args));
  const defined = Reflect.defineProperty(target, key, {
    value: replacement,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
  return () => {
    // Somebody else may have put theirs in front of ours meanwhile.
    if (!defined || Reflect.get(target, key) !== replacement) return;
    if (own === undefined) Reflect.deleteProperty(target, key);
    else Reflect.defineProperty(target, key, own);
  };
}
