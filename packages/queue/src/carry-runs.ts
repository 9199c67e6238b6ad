import { type JobEnvelope, createJob, currentRun } from '@milepost/core';
import { guarded } from '@milepost/core/hooks';
import { optionsWith } from './envelope-option.ts';
import { jobTemplate } from './job-template.ts';

/** A queue or a producer of flows, as BullMQ has them. */
export interface JobProducer {
  add(...args: never[]): Promise<unknown>;
  addBulk(...args: never[]): Promise<unknown>;
}

/** What can be said about the jobs of a producer. */
export interface CarryRunsOptions {
  /**
   * The stage that the jobs run, or a function of a job's name that gives it: on their spans, log lines and metrics.
   * Default: none.
   */
  readonly stage?: string | ((name: string) => string | undefined);
}

const carrying = new WeakSet<object>();

/**
 * Lets the jobs that are added by a queue or a producer of flows carry the run around the call to `add` and `addBulk`. The
 * same object comes back, and it does what it did. Jobs that are added outside any run, and those of schedulers, make a run
 * of their own when they run.
 */
export function carryRuns<Producer extends JobProducer>(
  producer: Producer,
  options: CarryRunsOptions = {},
): Producer {
  if (carrying.has(producer)) return producer;
  carrying.add(producer);
  for (const method of ['add', 'addBulk'] as const) {
    const original: unknown = Reflect.get(producer, method);
    if (typeof original !== 'function') continue;
    Object.defineProperty(producer, method, {
      configurable: true,
      writable: true,
      value: new Proxy(original, {
        apply: (target, self, args: readonly unknown[]): unknown =>
          Reflect.apply(
            target,
            self,
            guarded('the envelope of a job', () => withEnvelopes(args, options), args),
          ),
      }),
    });
  }
  return producer;
}

/** Arguments of `add(name, data, options)` and `addBulk(jobs)` of a queue, or of `add(flow)` and `addBulk(flows)`. */
function withEnvelopes(args: readonly unknown[], options: CarryRunsOptions): readonly unknown[] {
  const [first, ...others] = args;
  if (args.length === 0) return args;
  if (typeof first === 'string') {
    const [data, given, ...rest] = others;
    return [first, data, optionsWith(given, envelopeFor(first, options)), ...rest];
  }
  const carried = Array.isArray(first)
    ? first.map((job: unknown) => withEnvelope(job, options))
    : withEnvelope(first, options);
  return [carried, ...others];
}

/** One job of a bulk, or a flow with its children. */
function withEnvelope(job: unknown, options: CarryRunsOptions): unknown {
  if (!isPlainObject(job)) return job;
  const { name, opts, children } = job;
  if (typeof name !== 'string') return job;
  return {
    ...job,
    opts: optionsWith(opts, envelopeFor(name, options)),
    ...(Array.isArray(children) && {
      children: children.map((child: unknown) => withEnvelope(child, options)),
    }),
  };
}

function envelopeFor(name: string, options: CarryRunsOptions): JobEnvelope {
  const stage = typeof options.stage === 'function' ? options.stage(name) : options.stage;
  return currentRun() === undefined
    ? jobTemplate(name, Date.now(), stage)
    : createJob({ name, ...(stage !== undefined && { stage }) });
}

// A copy of anything else might not do what it does.
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
