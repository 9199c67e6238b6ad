import { type StageDefinition } from './define-stage.ts';
import { type Classifier } from './outcome.ts';
import { type ItemSpans } from './run-options.ts';

/** Where a job runs: what its queue knows of it. */
export interface JobPlace {
  /** Name of the queue. */
  readonly queue: string;
  /** ID of the job in its queue. */
  readonly jobId: string;
  /** Which try of the job this is, from 1 on. Default: 1. */
  readonly attempt?: number;
  /** Name of the job, where its envelope has none. Default: the name of the queue. */
  readonly name?: string;
  /** The job that this one belongs to, where the queue knows better than the envelope. Default: as the envelope says. */
  readonly parentJobId?: string;
  /**
   * When it became ready to run first, in milliseconds since the Unix epoch, the same for each try: the waiting time of the
   * first counts from then, and the ID of the run that a job without one makes for itself follows from it. Default: when it
   * was enqueued, and an ID for each try.
   */
  readonly readyAt?: number;
}

/** How the span of a job relates to the trace of its run. */
export const JOB_TRACE_VALUES = ['child', 'link'] as const;
/** How the span of a job relates to the trace of its run. */
export type JobTrace = (typeof JOB_TRACE_VALUES)[number];

/** What can be said about one try of a job. */
export interface JobOptions {
  /**
   * `child`: in the trace of its run. `link`: in a trace of its own, linked with the run's, for runs of thousands of jobs.
   * Default: `child`.
   */
  readonly trace?: JobTrace;
  /** Whether the queue is going to run the job again if it fails: then it is no final failure. Default: false. */
  readonly willRetry?: boolean | ((error: unknown) => boolean);
  /** Fields of the job's span, logs and record. Default: none. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Says what counts as a failure; asked about the errors of stages and items in it too. Default: what is thrown. */
  readonly classify?: Classifier;
  /** An error that is this signal's reason makes the job cancelled, and its stages and items. Default: none. */
  readonly signal?: AbortSignal;
  /** What the stage that the job is a part of declares: what the job says is checked against it. Default: nothing. */
  readonly definition?: StageDefinition;
  /** Which items become spans. Default: as the run says. */
  readonly itemSpans?: ItemSpans;
}
