import { type JobsOptions, Queue, type QueueOptions } from 'bullmq';
import { carryRuns } from '@milepost/queue';
import { type FetchSiteData, type JobData, type OcrData } from './job-data.ts';

/** The queues, each for the jobs of one stage. */
export interface Queues {
  readonly fetch: Queue<FetchSiteData>;
  readonly ocr: Queue<OcrData>;
  readonly compilation: Queue<JobData>;
  readonly extraction: Queue<JobData>;
  readonly deploy: Queue<JobData>;
}

/** Opens all queues. A job that is added to one inside another job carries the run, and names that job as its parent. */
export function openQueues(options: QueueOptions): Queues {
  const open = <Data extends JobData>(name: string): Queue<Data> =>
    carryRuns(new Queue<Data>(name, options), { stage: name });
  return {
    fetch: open('fetch'),
    ocr: open('ocr'),
    compilation: open('compilation'),
    extraction: open('extraction'),
    deploy: open('deploy'),
  };
}

export async function closeQueues(queues: Queues): Promise<void> {
  const { fetch, ocr, compilation, extraction, deploy } = queues;
  await Promise.all([fetch, ocr, compilation, extraction, deploy].map((queue) => queue.close()));
}

/**
 * BullMQ's options of a job. Its ID follows from the run: added twice, as by a job that is tried again after its worker was
 * lost, it is there once.
 */
export function optionsOf(order: JobData['order'], name: string): JobsOptions {
  return {
    jobId: `${order.key}.${name}`,
    attempts: 2,
    backoff: { type: 'fixed', delay: 200 },
  };
}
