import { vi } from 'vitest';

/**
 * Looks again and again until there are so many: what was sent shows up some time later.
 * @throws what the last look threw, or Error with how many there are, after a minute
 */
export function whenThere<Thing>(
  count: number,
  look: () => Promise<readonly Thing[]>,
): Promise<readonly Thing[]> {
  return vi.waitFor(
    async () => {
      const found = await look();
      if (found.length < count) throw new Error(`${found.length} of ${count} are there`);
      return found;
    },
    { timeout: 60_000, interval: 500 },
  );
}
