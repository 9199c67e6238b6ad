import { once } from 'node:events';
import { type Processor, Queue, type Telemetry, Worker } from 'bullmq';

/** The work of a job: as little as there can be. */
async function work(): Promise<number> {
  return 47;
}

/** Jobs at work at a time. */
const CONCURRENCY = 10;
/** Jobs that are being added at a time. */
const ADDED_AT_ONCE = 50;

/** How a queue is made: with what around it. */
export interface BullJobsOptions {
  readonly telemetry?: Telemetry<unknown>;
  readonly around?: {
    readonly queue: (queue: Queue) => Queue;
    readonly processor: (processor: Processor) => Processor;
  };
}

/** A queue of BullMQ and its worker, both in this process, on a real Redis. */
export class BullJobs {
  readonly #queue: Queue;
  readonly #worker: Worker;

  constructor(name: string, port: number, { telemetry, around }: BullJobsOptions = {}) {
    const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
    const shared = { connection, ...(telemetry && { telemetry }) };
    const queue = new Queue(name, {
      ...shared,
      defaultJobOptions: { removeOnComplete: true, attempts: 3 },
    });
    this.#queue = around?.queue(queue) ?? queue;
    this.#worker = new Worker(name, around?.processor(work) ?? work, {
      ...shared,
      concurrency: CONCURRENCY,
    });
  }

  async ready(): Promise<void> {
    await Promise.all([this.#queue.waitUntilReady(), this.#worker.waitUntilReady()]);
  }

  /** Adds jobs, and resolves when the last of them has completed. */
  async run(count: number): Promise<void> {
    const completed = Promise.withResolvers<void>();
    let left = count;
    const onCompleted = (): void => {
      left -= 1;
      if (left === 0) completed.resolve();
    };
    this.#worker.on('completed', onCompleted);
    try {
      for (let added = 0; added < count; added += ADDED_AT_ONCE) {
        const size = Math.min(ADDED_AT_ONCE, count - added);
        await Promise.all(
          Array.from({ length: size }, (_, index) =>
            this.#queue.add('ocr_page_job', { page: added + index }),
          ),
        );
      }
      await completed.promise;
    } finally {
      this.#worker.off('completed', onCompleted);
    }
  }

  async close(): Promise<void> {
    const drained = this.#worker.isRunning() ? once(this.#worker, 'closed') : undefined;
    await this.#worker.close();
    await drained;
    await this.#queue.close();
  }
}
