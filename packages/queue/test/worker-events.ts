import { type Job, type Worker } from 'bullmq';

/** The first jobs of which a worker says so, as many as that. */
export async function times<Data, Result>(
  worker: Worker<Data, Result>,
  event: 'completed' | 'failed',
  count: number,
): Promise<readonly Job<Data, Result>[]> {
  const jobs: Job<Data, Result>[] = [];
  return new Promise((resolve) => {
    worker.on(event, (job: Job<Data, Result> | undefined) => {
      if (job !== undefined) jobs.push(job);
      if (jobs.length >= count) resolve(jobs);
    });
  });
}
