import { withRun } from '@milepost/core';
import { Bull, type QueueTrace } from './bull.ts';
import { type Situation } from './situations.ts';

/** What a program saw, and what Redis has afterwards. */
export interface Observation {
  readonly seen: unknown;
  readonly traces: readonly QueueTrace[];
}

/**
 * Runs a program on an empty Redis.
 * @param tracked whether Milepost is around, and the program in a run
 */
export async function observe(
  situation: Situation,
  redis: { readonly port: number; empty(): Promise<void> },
  tracked: boolean,
): Promise<Observation> {
  await redis.empty();
  const bull = new Bull(redis.port, tracked);
  try {
    const seen = await (tracked
      ? withRun({ pipeline: 'situations' }, () => situation.run(bull))
      : situation.run(bull));
    return { seen, traces: await Promise.all(situation.queues.map((name) => bull.trace(name))) };
  } finally {
    await bull.close();
  }
}
