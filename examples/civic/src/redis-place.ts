import { Redis } from 'ioredis';

/** Where a Redis is: plain data, for this process and for its workers. */
export type RedisPlace = { readonly url: string } | { readonly path: string };

/** A client of its own, besides BullMQ's. It retries for as long as it takes, as BullMQ's workers do. */
export function connectRedis(place: RedisPlace): Redis {
  const options = { maxRetriesPerRequest: null };
  return 'url' in place ? new Redis(place.url, options) : new Redis({ ...options, ...place });
}

/** Removes all keys that begin with a prefix: queues, and what else was kept under it. */
export async function removeKeys(place: RedisPlace, prefix: string): Promise<void> {
  const redis = connectRedis(place);
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1000 })) {
    if (isNames(keys) && keys.length > 0) await redis.unlink(...keys);
  }
  await redis.quit();
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
