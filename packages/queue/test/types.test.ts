import { FlowProducer, type Job, type Processor, Queue, type SandboxedJob, Worker } from 'bullmq';
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

  test('a processor keeps its signature, in a file of its own too', () => {
    const processor: Processor<Page, number, Name> = async (job) => job.data.pdf.length;
    expectTypeOf(asJob(processor)).toEqualTypeOf<Processor<Page, number, Name>>();
    const sandboxed = async (job: SandboxedJob<Page, number>): Promise<number> => job.returnValue;
    expectTypeOf(asJob(sandboxed)).toEqualTypeOf<typeof sandboxed>();
  });
});
