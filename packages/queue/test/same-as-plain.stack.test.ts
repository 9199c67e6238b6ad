import { describe, expect, test } from 'vitest';
import { useSdk } from '../../core/test/telemetry-harness.ts';
import { observe } from './observe.ts';
import { useRedis } from './redis-server.ts';
import { SITUATIONS } from './situations.ts';

const redis = useRedis();
useSdk();

describe('BullMQ does what it does without us', () => {
  test.for(SITUATIONS)('$name', async (situation) => {
    expect(await observe(situation, redis, true)).toEqual(await observe(situation, redis, false));
  });
});
