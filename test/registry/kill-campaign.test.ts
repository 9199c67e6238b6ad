import { expect, test } from 'vitest';
import { killCampaign } from './kill-campaign.ts';
import { seededRandom } from './seeded-random.ts';

test.for([1, 4])(
  '%i writers killed at random moments lose nothing acknowledged',
  async (writers) => {
    const generations = writers === 1 ? 8 : 3;
    const kills = generations * writers;
    const random = seededRandom(writers);
    expect(await killCampaign({ kills, writers, generations, random })).toEqual({
      kills,
      runs: 1,
      acknowledged: expect.toSatisfy((count: number) => count > 0),
      lost: [],
      duplicates: [],
      unreadable: [],
      wrongHubs: [],
      looks: expect.toSatisfy((count: number) => count > 0),
      badLooks: [],
    });
  },
);
