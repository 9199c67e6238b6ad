import { optionsWith } from './envelope-option.ts';

/**
 * Options for BullMQ's `add` that carry a job made by `createJob` of `@milepost/core`: where the run is not the one around the
 * call, or the job belongs to a stage that is spread over jobs. `queue.add(name, data, jobOptions(createJob({ run, name })))`
 * @param options BullMQ's own. Those that carry a job already stay as they are.
 */
export function jobOptions(job: object): object;
export function jobOptions<Options extends object>(job: object, options: Options): Options;
export function jobOptions(job: object, options: object = {}): object {
  return optionsWith(options, job);
}
