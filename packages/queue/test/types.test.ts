import {
  FlowProducer,
  type Job,
  type JobsOptions,
  type Processor,
  Queue,
  type RedisQueueBackend,
  type SandboxedJob,
  Worker,
} from 'bullmq';
import { describe, expectTypeOf, test } from 'vitest';
import { createJob } from '@milepost/core';
import { asJob, carryRuns, jobOptions, watchWorker } from '@milepost/queue';

interface Page {
  readonly pdf: string;
}
type Name = 'ocr_page_job' | 'retry';
type Connection = { readonly connection: { readonly port: number } };

// Compiled, and never called: nothing connects.
function producers(options: Connection): unknown {
  const queue = carryRuns(new Queue<Page, number, Name>('ocr', options));
  const flows = carryRuns(new FlowProducer(options));
  // @ts-expect-error -- no name of this queue
  void queue.add('other', { pdf: 'a.pdf' });
  // @ts-expect-error -- no data of this queue
  void queue.add('retry', { page: 1 });
  void queue.add('retry', { pdf: 'a' }, jobOptions(createJob({ name: 'a' }), { attempts: 3 }));
  void queue.add('retry', { pdf: 'a' }, jobOptions(createJob({ name: 'a' })));
  return { queue, flows, added: queue.add('retry', { pdf: 'a.pdf' }) };
}

// A team's own factory, generic in what its jobs are.
function made<Data, Result, Kind extends string>(
  options: Connection,
  processor: Processor<Data, Result, Kind>,
): { queue: Queue<Data, Result, Kind>; worker: Worker<Data, Result, Kind> } {
  return {
    queue: carryRuns(new Queue<Data, Result, Kind>('ocr', options)),
    worker: watchWorker(new Worker<Data, Result, Kind>('ocr', asJob(processor), options)),
  };
}

function workers(options: Connection): unknown {
  const worker = watchWorker(
    new Worker<Page, number, Name>(
      'ocr',
      asJob(async (job, token, signal) => {
        expectTypeOf(job).toEqualTypeOf<Job<Page, number, Name>>();
        expectTypeOf(token).toEqualTypeOf<string | undefined>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal | undefined>();
        return job.data.pdf.length;
      }),
      options,
    ),
  );
  return { worker };
}

describe('types', () => {
  test('a queue and a producer of flows stay what they are', () => {
    type Producers = ReturnType<typeof carryRuns<Queue<Page, number, Name>>>;
    expectTypeOf<Producers>().toEqualTypeOf<Queue<Page, number, Name>>();
    expectTypeOf<ReturnType<typeof carryRuns<FlowProducer>>>().toEqualTypeOf<FlowProducer>();
    expectTypeOf(producers).toBeFunction();
  });

  test('a worker stays what it is', () => {
    type Watched = ReturnType<typeof watchWorker<Worker<Page, number, Name>>>;
    expectTypeOf<Watched>().toEqualTypeOf<Worker<Page, number, Name>>();
    expectTypeOf(workers).toBeFunction();
  });

  test('what is generic stays so', () => {
    expectTypeOf(made<Page, number, Name>).returns.toEqualTypeOf<{
      queue: Queue<Page, number, Name>;
      worker: Worker<Page, number, Name>;
    }>();
    const pick = asJob(<Data>(job: Job<Data>): Data => job.data);
    expectTypeOf(pick<Page>).returns.toEqualTypeOf<Page>();
  });

  test('jobs that type their queue, and progress, stay what they are', () => {
    type OfJobs = Queue<Job<Page, number, Name>>;
    expectTypeOf<ReturnType<typeof carryRuns<OfJobs>>>().toEqualTypeOf<OfJobs>();
    type Telling = Worker<Page, number, Name, RedisQueueBackend, { pages: number }>;
    expectTypeOf<ReturnType<typeof watchWorker<Telling>>>().toEqualTypeOf<Telling>();
    const telling = asJob(async (job: Job<Page, number, Name, { pages: number }>) =>
      job.updateProgress({ pages: 1 }),
    );
    expectTypeOf(telling).parameter(0).toEqualTypeOf<Job<Page, number, Name, { pages: number }>>();
  });

  test('options stay BullMQ’s', () => {
    const options: JobsOptions = { attempts: 2 };
    expectTypeOf(jobOptions(createJob({ name: 'a' }), options)).toEqualTypeOf<JobsOptions>();
  });

  test('a processor keeps its signature, in a file of its own too', () => {
    const processor: Processor<Page, number, Name> = async (job) => job.data.pdf.length;
    expectTypeOf(asJob(processor)).toEqualTypeOf<Processor<Page, number, Name>>();
    const sandboxed = async (job: SandboxedJob<Page, number>): Promise<number> => job.returnValue;
    expectTypeOf(asJob(sandboxed)).toEqualTypeOf<typeof sandboxed>();
    const cancelled = async (
      job: SandboxedJob<Page, number>,
      token?: string,
      signal?: AbortSignal,
    ): Promise<number> => (signal?.aborted === true ? Number(token) : job.returnValue);
    expectTypeOf(asJob(cancelled)).toEqualTypeOf<typeof cancelled>();
  });
});
