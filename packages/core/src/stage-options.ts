import { type Classifier } from './outcome.ts';
import { type ItemSpans } from './run-options.ts';

/** What can be said about one execution of a stage. `Args` are the arguments of a function wrapped by `asStage`. */
export interface StageOptions<Args extends readonly unknown[] = readonly unknown[]> {
  /** Fields of the stage's span, logs and record, or a function of the arguments that gives them. Default: none. */
  readonly attributes?:
    | Readonly<Record<string, unknown>>
    | ((...args: Args) => Readonly<Record<string, unknown>> | undefined);
  /** The stage's `config`, as `stage.setConfig` would set it. Default: none. */
  readonly config?: Readonly<Record<string, unknown>>;
  /**
   * Which try of the same occurrence this is, from 1 on. From 2 on, the stage is a retry of the last one of its name
   * instead of a new occurrence. Default: 1.
   */
  readonly attempt?: number;
  /** Whether the caller is going to try again if this fails: then it is no final failure. Default: false. */
  readonly willRetry?: boolean | ((error: unknown) => boolean);
  /** Says what counts as a failure. Default: the run's classifier, for errors; else what is thrown, unless it is an abort. */
  readonly classify?: Classifier;
  /** An error that is this signal's reason makes the stage cancelled. Default: the run's signal. */
  readonly signal?: AbortSignal;
  /** Which items become spans. Default: as the run says. */
  readonly itemSpans?: ItemSpans;
  /** How often the stage is expected to run, in seconds; alerts know by it when it is late. Default: unknown. */
  readonly expectedIntervalSeconds?: number;
}
