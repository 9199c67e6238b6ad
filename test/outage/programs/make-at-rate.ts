import { setTimeout } from 'node:timers/promises';

/** Between two looks at the clock. */
const TICK_MS = 10;

/** Calls `make` with 0, 1, ... at a rate, evenly; where the machine does not keep up, what is due comes at once. */
export async function makeAtRate(
  make: (n: number) => void,
  options: { readonly count: number; readonly perSecond: number },
): Promise<void> {
  const { count, perSecond } = options;
  const begin = performance.now();
  for (let made = 0; made < count;) {
    const due = Math.min(count, Math.ceil(((performance.now() - begin) / 1000) * perSecond));
    while (made < due) make(made++);
    await setTimeout(TICK_MS);
  }
}
