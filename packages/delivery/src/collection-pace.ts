/** When collections outside of their interval may be made. */
export interface CollectionPace {
  /** Milliseconds until the next may begin; 0 where it may begin now. */
  waitMs(now: number): number;
  /** A collection ended that occupied this thread for so long, in milliseconds. */
  collected(now: number, costMs: number): void;
}

const MIN_GAP_MS = 1_000;
/** A collection then costs at most a fiftieth of the time. */
const GAP_PER_COST = 50;

/**
 * At most one collection each second, and fewer where they are dear: the gap is 50 times what they cost, so that they
 * do not take more than 2 % of the time. Of the last two the cheaper counts: one that is dear alone, such as the first,
 * whose code is not compiled yet, says nothing about the next.
 */
export function createCollectionPace(): CollectionPace {
  let earliest = -Infinity;
  let previousCostMs = 0;
  return {
    waitMs: (now) => Math.max(0, earliest - now),
    collected(now, costMs) {
      earliest = now + Math.max(MIN_GAP_MS, GAP_PER_COST * Math.min(costMs, previousCostMs));
      previousCostMs = costMs;
    },
  };
}
