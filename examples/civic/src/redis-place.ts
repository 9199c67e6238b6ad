import { Redis } from 'ioredis';

/** Where a Redis is: plain data, for this process and for its workers. */
export type RedisPlace = { readonly url: string } | { readonly path: string };

/** A client of its own, besides BullMQ's. It retries for as long as it takes, as BullMQ's workers do. */
export function connectRedis(place: RedisPlace): Redis {
  const options = { maxRetriesPerRequest: null };
  return 'url' in place ? new Redis(place.url, options) : new Redis({ ...options, ...place });
}
