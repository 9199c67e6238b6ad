import { type JobEnvelope } from '@milepost/core';

/** What a job carries that belongs to no run: when it runs, it makes one for itself. */
export function jobTemplate(name: string, enqueuedAt: number): JobEnvelope {
  return { version: 1, name, enqueued_at: enqueuedAt };
}
