import { type Context } from '@opentelemetry/api';
import { withContext } from './scope.ts';
import { type OutcomeObserver } from './watch-outcome.ts';

/** One read of a stream, in the work's context: being done is the end of the work, an error its failure. */
export async function watchedRead<R extends { done: boolean }>(
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

/** The end of a stream by its consumer, in the work's context. */
export async function watchedCancel(
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
