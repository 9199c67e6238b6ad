import { type Classifier } from './outcome.ts';

/** Which items become spans: a trace of 10,000 spans does not fit Tempo. */
export const ITEM_SPANS_VALUES = ['failed', 'all', 'none'] as const;
/** Which items become spans. */
export type ItemSpans = (typeof ITEM_SPANS_VALUES)[number];

/** How a run is named and described. */
export interface RunOptions {
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** Tenant of the whole run. Default: none. */
  readonly subdomain?: string;
  /** Tenant inside a run that others share. Default: the client suffix of the run ID, if it has one. */
  readonly client?: string;
  /** The stages that the run will go through, in order: shown as pending until they run. Default: none declared. */
  readonly stages?: readonly string[];
  /**
   * ID of the run. One that exists begins the run's next attempt. Default: `MILEPOST_RUN_ID` for the first run of the
   * process, otherwise a new one. An ID that is not valid is replaced by a new one, and reported.
   */
  readonly runId?: string;
  /** Format of a new ID. `timestamp` and `compact` need a registry to claim the second. Default: `subdomain`. */
  readonly runIdFormat?: 'subdomain' | 'timestamp' | 'compact';
  /** Which try this is, from 1 on. Default: what the registry knows, otherwise 1. */
  readonly attempt?: number;
  /** The upload job, or the earlier run, that the run's items came from. Default: none. */
  readonly source?: string;
  /** Fields of the run's span and logs. Default: none. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Which items become spans, at most 1,000 a stage with `failed`. Default: `failed`. */
  readonly itemSpans?: ItemSpans;
  /**
   * Says what counts as a failure; asked about the errors of stages and items too that have no classifier of their own.
   * Default: what is thrown, unless it is an abort.
   */
  readonly classify?: Classifier;
  /** An error that is this signal's reason makes the run cancelled, and its stages and items. Default: none. */
  readonly signal?: AbortSignal;
}
