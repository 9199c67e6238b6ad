/** One call of the file system, to be made in either of two ways. */
export interface Step {
  now(): void;
  later(): Promise<void>;
}

/**
 * Work on the disk that is written once and done either at once, where the process is about to end, or without making
 * its thread wait: `const names = yield* disk.readdir(path)`.
 */
export type Steps<T> = Generator<Step, T, void>;

/** The step that one call is. */
export function* step<T>(now: () => T, later: () => Promise<T>): Steps<T> {
  const outcome: { done?: { readonly value: T } } = {};
  yield {
    now: () => {
      outcome.done = { value: now() };
    },
    later: async () => {
      outcome.done = { value: await later() };
    },
  };
  if (outcome.done === undefined) throw new Error('the step was not run');
  return outcome.done.value;
}

/** Does the work now, in this thread. */
export function runNow<T>(steps: Steps<T>): T {
  let next = steps.next();
  while (next.done !== true) {
    try {
      next.value.now();
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next();
  }
  return next.value;
}

/** Does the work without making the thread wait. */
export async function runLater<T>(steps: Steps<T>): Promise<T> {
  let next = steps.next();
  while (next.done !== true) {
    try {
      await next.value.later();
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next();
  }
  return next.value;
}
