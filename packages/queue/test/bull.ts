import {
  FlowProducer,
  type FlowProducerOptions,
  type Processor,
  Queue,
  QueueEvents,
  type QueueOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach } from 'vitest';
import { type CarryRunsOptions, asJob, carryRuns } from '@milepost/queue';
import { type useRedis } from './redis-server.ts';

/** What a queue leaves behind: each job as it is stored, and what was told of it, in order. */
export type QueueTrace = readonly {
  readonly events: readonly Readonly<Record<string, string>>[];
  readonly stored: Readonly<Record<string, string>>;
}[];

/** Makes BullMQ's objects on one Redis, and closes them all. */
export class Bull {
  readonly prefix = 'bull';
  /** Whether Milepost is around: the same program with and without it. */
  readonly tracked: boolean;
  readonly #port: number;
  readonly #closables: { close(): Promise<unknown> }[] = [];

  constructor(port: number, tracked = true) {
    this.#port = port;
    this.tracked = tracked;
  }

  get connection(): { host: string; port: number; maxRetriesPerRequest: null } {
    return { host: '127.0.0.1', port: this.#port, maxRetriesPerRequest: null };
  }

  queue<Data = unknown, Result = unknown>(
    name: string,
    options: Partial<QueueOptions> = {},
    carried: CarryRunsOptions = {},
  ): Queue<Data, Result> {
    const queue = new Queue<Data, Result>(name, { ...this.#options(), ...options });
    this.#closables.push(queue);
    return this.tracked ? carryRuns(queue, carried) : queue;
  }

  flows(options: Partial<FlowProducerOptions> = {}): FlowProducer {
    const producer = new FlowProducer({ ...this.#options(), ...options });
    this.#closables.push(producer);
    return this.tracked ? carryRuns(producer) : producer;
  }

  /** A worker whose processor is a job of ours where Milepost is around; a file wraps itself. */
  worker<Data = unknown, Result = unknown>(
    name: string,
    processor: Processor<Data, Result> | URL,
    options: Partial<WorkerOptions> = {},
  ): Worker<Data, Result> {
    const worker = new Worker<Data, Result>(
      name,
      this.tracked && typeof processor === 'function' ? asJob(processor) : processor,
      { ...this.#options(), ...options },
    );
    // Before the queues: a worker that closes last finds the connection of its jobs.
    this.#closables.unshift(worker);
    return worker;
  }

  async events(name: string): Promise<QueueEvents> {
    const events = new QueueEvents(name, this.#options());
    this.#closables.push(events);
    await events.waitUntilReady();
    return events;
  }

  /** What Redis has of a queue's jobs, in the order of their creation. */
  async trace(name: string): Promise<QueueTrace> {
    const redis = new Redis(this.connection);
    try {
      const entries = await redis.xrange(`${this.prefix}:${name}:events`, '-', '+');
      const events = entries.map(([, fields]) => fieldsOf(fields));
      const ids = new Set(events.flatMap(({ jobId }) => (jobId === undefined ? [] : [jobId])));
      return await Promise.all(
        Array.from(ids, async (id) => ({
          events: events.filter(({ jobId }) => jobId === id).map(plainFields),
          stored: plainFields(await redis.hgetall(`${this.prefix}:${name}:${id}`)),
        })),
      );
    } finally {
      await redis.quit();
    }
  }

  async close(): Promise<void> {
    for (const closable of this.#closables) {
      await closable.close();
    }
  }

  #options(): { connection: Bull['connection']; prefix: string } {
    return { connection: this.connection, prefix: this.prefix };
  }
}

/** BullMQ with Milepost around, on an empty Redis, for each test of a file. */
export function useBull(redis: ReturnType<typeof useRedis>): { readonly bull: Bull } {
  let bull: Bull | undefined;
  beforeEach(async () => {
    await redis.empty();
    bull = new Bull(redis.port);
  });
  afterEach(async () => {
    await bull?.close();
  });
  return {
    get bull() {
      if (bull === undefined) throw new Error('there is a BullMQ only within a test');
      return bull;
    },
  };
}

function fieldsOf(fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    fields.flatMap((field, place) => (place % 2 === 0 ? [[field, fields[place + 1] ?? '']] : [])),
  );
}

const TIMES = new Set(['timestamp', 'processedOn', 'finishedOn', 'delay', 'prevMillis']);
const DRAWN_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=repeat:\w+:)\d+/g;

/** Fields of Redis without what differs from run to run, and without what Milepost added: the rest must be alike. */
function plainFields(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, plainField(key, value)]),
  );
}

function plainField(key: string, value: string): string {
  if (TIMES.has(key)) return '<time>';
  // Each trace has the frames of whoever called.
  if (key === 'stacktrace') return `${(JSON.parse(value) as unknown[]).length} traces`;
  return (key === 'opts' ? plainOptions(value) : value).replaceAll(DRAWN_ID, '<id>');
}

function plainOptions(json: string): string {
  const { milepost: _, ...options } = JSON.parse(json) as Record<string, unknown>;
  return JSON.stringify(options, (key, value: unknown) => (TIMES.has(key) ? '<time>' : value));
}
