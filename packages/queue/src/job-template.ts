import { type JobEnvelope } from '@milepost/core';
import { Flags, UNNAMED, boundedName } from '@milepost/core/hooks';

/** What a job carries that belongs to no run: when it runs, it makes one for itself. Names are bounded as `createJob` does. */
export function jobTemplate(name: string, enqueuedAt: number, stage?: string): JobEnvelope {
  const flags = new Flags();
  const stageName = boundedName(stage, flags);
  return {
    version: 1,
    name: boundedName(name, flags) ?? UNNAMED,
    enqueued_at: enqueuedAt,
    ...(stageName !== undefined && { stage: { name: stageName, occurrence: 1, attempt: 1 } }),
  };
}
