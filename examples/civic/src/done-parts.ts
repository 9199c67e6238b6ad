import { type Redis } from 'ioredis';

const KEPT_SECONDS = 24 * 60 * 60;

/** Knows, for all workers, which parts of something are done. */
export interface DoneParts {
  /**
   * Notes that a part is done, and says whether now all are. A part that is told again, by a job that is tried again, counts
   * once; of several that are the last, each hears so.
   */
  note(what: string, part: string, expected: number): Promise<boolean>;
}

/** @param prefix of its keys in Redis */
export function doneParts(redis: Redis, prefix: string): DoneParts {
  return {
    async note(what, part, expected) {
      const key = `${prefix}:done:${what}`;
      await redis.sadd(key, part);
      await redis.expire(key, KEPT_SECONDS);
      return (await redis.scard(key)) >= expected;
    },
  };
}
