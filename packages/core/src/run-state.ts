import { type RunEndStatus } from '@milepost/semconv';
import { type EnvelopeRun } from './envelope.ts';
import { type Classifier } from './outcome.ts';
import { type ItemSpans } from './run-options.ts';
import { type ScopeJob } from './scope.ts';
import { type StageSeries } from './stage-series.ts';

/** What the stages of a run share in this process. */
export interface RunState {
  /** How often a stage of each name began. */
  readonly occurrences: Map<string, number>;
  /** The occurrences of stages whose last attempt failed or was partial, by name and number. */
  readonly troubled: Set<string>;
  /** The metrics of the run's stages, by name. */
  readonly series: Map<string, StageSeries>;
  readonly itemSpans: ItemSpans;
  /** The run's classifier and signal, where its stages have none of their own. */
  readonly classify: Classifier | undefined;
  readonly signal: AbortSignal | undefined;
  /** A joined run as its envelope told it: what is handed on. */
  readonly carried: EnvelopeRun | undefined;
  /** The job around all of it, if any. */
  job: ScopeJob | undefined;
  /** What `endRun` said of a run that ends with its function. */
  ending: { readonly status: RunEndStatus } | undefined;
}

/** What is known of a run where its state begins. */
export type RunStateOptions = Pick<RunState, 'itemSpans' | 'classify' | 'signal' | 'carried'> &
  Partial<Pick<RunState, 'troubled'>>;

/** The state of a run that begins. */
export function newRunState(options: RunStateOptions): RunState {
  return new NewRunState(options);
}

class NewRunState implements RunState {
  readonly troubled: Set<string>;
  readonly itemSpans: ItemSpans;
  readonly classify: Classifier | undefined;
  readonly signal: AbortSignal | undefined;
  readonly carried: EnvelopeRun | undefined;
  job: ScopeJob | undefined;
  ending: { readonly status: RunEndStatus } | undefined;
  // Most jobs have no stages.
  #occurrences: Map<string, number> | undefined;
  #series: Map<string, StageSeries> | undefined;

  constructor({ itemSpans, classify, signal, carried, troubled = new Set() }: RunStateOptions) {
    this.troubled = troubled;
    this.itemSpans = itemSpans;
    this.classify = classify;
    this.signal = signal;
    this.carried = carried;
  }

  get occurrences(): Map<string, number> {
    return (this.#occurrences ??= new Map());
  }

  get series(): Map<string, StageSeries> {
    return (this.#series ??= new Map());
  }
}
