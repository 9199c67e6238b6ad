import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { RedisServer } from '../../../test/stack/redis-server.ts';

/** A Redis for the tests of a file. */
export function useRedis(): { readonly port: number; empty(): Promise<void> } {
  let server: RedisServer | undefined;
  const running = (): RedisServer => {
    if (server === undefined) throw new Error('there is a Redis only within a test');
    return server;
  };
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    await server?.stop();
  });
  return {
    get port() {
      return running().port;
    },
    async empty() {
      const redis = new Redis(running().port, '127.0.0.1');
      await redis.flushall();
      await redis.quit();
    },
  };
}
