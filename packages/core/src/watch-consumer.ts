import { type OutcomeObserver } from './watch-outcome.ts';

const observers = new FinalizationRegistry<OutcomeObserver>((observer) => {
  observer.ended({ kind: 'abandoned', reason: 'the consumer dropped it before its end' });
});

/**
 * An observer for what a consumer holds and reads step by step. A generator that is dropped half-read runs no code any more:
 * then this observer is collected with it, and that is the end of the work.
 */
export function watchConsumer(observer: OutcomeObserver): OutcomeObserver {
  const held: OutcomeObserver = {
    gave: () => observer.gave(),
    ended(outcome) {
      observers.unregister(held);
      observer.ended(outcome);
    },
  };
  observers.register(held, observer, held);
  return held;
}
