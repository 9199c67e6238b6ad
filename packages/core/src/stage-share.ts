import { type Attributes } from '@opentelemetry/api';
import { type EnvelopeStage } from './envelope.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { countVolume } from './named-series.ts';
import { type Judges } from './outcome.ts';
import { type ScopeStage } from './scope-stage.ts';
import { spreadExecutionId } from './spread-stage.ts';
import { type StageItems } from './stage-items.ts';
import { type StageNotes } from './stage-notes.ts';
import { type StageOptions } from './stage-options.ts';
import { type StageSeries } from './stage-series.ts';
import { type Stage } from './stage.ts';

/** The job that a share belongs to. */
export interface SharingJob {
  readonly run: RunIdentity;
  readonly identity: JobIdentity;
  readonly judges: Judges;
  readonly willRetry: StageOptions['willRetry'];
  readonly items: StageItems;
  base(): Attributes;
  /** Notes something; dropped and reported after the end. */
  note(take: (notes: StageNotes) => void): void;
}

/** One job's share of a stage that is spread over jobs: what is said of the stage in the job is recorded with the job. */
export class StageShare implements ScopeStage {
  readonly run: RunIdentity;
  readonly name: string;
  readonly occurrence: number;
  readonly attempt: number;
  readonly executionId: string;
  readonly parentExecutionId: string | undefined;
  readonly spread = true;
  readonly series: StageSeries;
  readonly #job: SharingJob;

  constructor(stage: EnvelopeStage, job: SharingJob, series: StageSeries) {
    this.run = job.run;
    this.name = stage.name;
    this.occurrence = stage.occurrence;
    this.attempt = stage.attempt;
    this.executionId = spreadExecutionId(job.run, stage);
    this.parentExecutionId = stage.parent_execution_id;
    this.series = series;
    this.#job = job;
  }

  get items(): StageItems {
    return this.#job.items;
  }

  get judges(): Judges {
    return this.#job.judges;
  }

  get willRetry(): StageOptions['willRetry'] {
    return this.#job.willRetry;
  }

  base(): Attributes {
    return this.#job.base();
  }

  // Getters, so that a user's function may take the calls apart: `({ count, set }) => ...`.

  get count(): Stage['count'] {
    return (name: string, amount?: number) =>
      this.#job.note((notes) => {
        const added = notes.count(name, amount);
        if (added) countVolume(this.series, added.name, added.amount);
      });
  }

  get set(): Stage['set'] {
    return (name: string, value: unknown) => this.#job.note((notes) => notes.set(name, value));
  }

  get setConfig(): Stage['setConfig'] {
    return (config: unknown) => this.#job.note((notes) => notes.setConfig(config));
  }

  get setMetadata(): Stage['setMetadata'] {
    return (key: string, value: unknown) =>
      this.#job.note((notes) => notes.setMetadata(key, value));
  }

  get setErrorContext(): Stage['setErrorContext'] {
    return (fields: unknown) => this.#job.note((notes) => notes.setErrorContext(fields));
  }

  get skip(): Stage['skip'] {
    return (reason?: string) => this.#job.note((notes) => notes.skip(reason));
  }
}
