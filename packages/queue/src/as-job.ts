import { guarded } from '@milepost/core/hooks';
import { readBullJob } from './bull-job.ts';
import { rememberBegun } from './failure-ends.ts';
import { type AsJobOptions, runJob } from './run-job.ts';
import { runsAgain } from './thrown.ts';

const jobs = new WeakSet<object>();

/**
 * The same processor of a BullMQ worker, each of whose calls is a try of a job: in the run that the job carries (see
 * `carryRuns`), with a span of its own and the logs `Started ...`, `Completed ...`, `Failed ...`. Signature, `name` and
 * `length` stay. In a sandboxed file: `export default asJob(processor)`.
 */
export function asJob<Processor extends (...args: never[]) => unknown>(
  processor: Processor,
  options: AsJobOptions = {},
): Processor {
  if (jobs.has(processor)) return processor;
  const asJobs = new Proxy(processor, {
    apply(target, self, args: readonly unknown[]) {
      const [given, , signal] = args;
      const job = guarded('the reading of a job', () => readBullJob(given), undefined);
      const process = (): unknown => Reflect.apply(target, self, args);
      if (job === undefined) return process();
      return runJob(
        job,
        {
          ...options,
          ...(signal instanceof AbortSignal && { signal }),
          willRetry: (thrown) => runsAgain(job, thrown),
        },
        () => {
          guarded('the run that a job begins', () => rememberBegun(given, job), undefined);
          return process();
        },
      );
    },
  });
  jobs.add(asJobs);
  return asJobs;
}
