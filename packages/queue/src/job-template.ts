import { type JobEnvelope } from '@milepost/core';

/** What a job carries that belongs to no run: when it runs, it makes one for itself. */
export function jobTemplate(name: string, enqueuedAt: number, stage?: string): JobEnvelope {
  return {
    version: 1,
    name,
    enqueued_at: enqueuedAt,
    ...(stage !== undefined && { stage: { name: stage, occurrence: 1, attempt: 1 } }),
  };
}
