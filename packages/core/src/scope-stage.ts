import { type Attributes } from '@opentelemetry/api';
import { type StageIdentity } from './identity.ts';
import { type Judges } from './outcome.ts';
import { type StageItems } from './stage-items.ts';
import { type StageOptions } from './stage-options.ts';
import { type StageSeries } from './stage-series.ts';
import { type Stage } from './stage.ts';

/** The stage around some code, as items and log lines see it: an execution, or one job's share of a spread stage. */
export interface ScopeStage extends Stage, StageIdentity {
  readonly series: StageSeries;
  readonly items: StageItems;
  /** Who says what the outcome of an item is. */
  readonly judges: Judges;
  /** Whether what fails it is going to be tried again. */
  readonly willRetry: StageOptions['willRetry'];
  /** What its milestones and the user's log lines carry: a fresh object each time. */
  base(): Attributes;
}
