/** The longest that a timer of Node.js can wait, about 24 days; one that is set for longer does not wait at all. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;
