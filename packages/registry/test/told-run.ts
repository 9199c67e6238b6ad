import {
  type ErrorDescription,
  type FieldValue,
  type JobStartedEvent,
  type LifecycleEvent,
  type RunIdentity,
  type StageEndedEvent,
  type StageIdentity,
} from '@milepost/core/hooks';
import { type EndStatus, type ItemStatus, type RunEndStatus } from '@milepost/semconv';

export const START: number = Date.UTC(2026, 0, 1, 21, 37, 23);

/** An error as the feed tells it. */
export function toldError(type = 'IoError', message = 'cannot read'): ErrorDescription {
  return { type, message, category: 'io', stack: undefined };
}

/** Tells a listener of one run, 10 ms from event to event. */
export class ToldRun {
  readonly run: RunIdentity;
  time: number;
  readonly #tell: (event: LifecycleEvent) => void;
  #executions = 0;

  constructor(tell: (event: LifecycleEvent) => void, run: Partial<RunIdentity> = {}) {
    this.#tell = tell;
    this.run = {
      runId: '2026-01-01_21-37-23',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      attempt: 1,
      pipeline: 'minutes',
      subdomain: undefined,
      clientId: undefined,
      parentRunId: undefined,
      implicit: false,
      joined: false,
      stages: [],
      source: undefined,
      startTime: START,
      ...run,
    };
    this.time = this.run.startTime;
  }

  #next(): number {
    const now = this.time;
    this.time += 10;
    return now;
  }

  start(fields: Record<string, FieldValue> = {}): this {
    this.#tell({ type: 'run_started', time: this.#next(), run: this.run, fields, flags: [] });
    return this;
  }

  end(status: RunEndStatus = 'completed', error?: ErrorDescription): this {
    const durationSeconds = (this.time - this.run.startTime) / 1000;
    this.#tell({
      type: 'run_ended',
      time: this.#next(),
      run: this.run,
      status,
      durationSeconds,
      error,
      reason: undefined,
      flags: [],
    });
    return this;
  }

  startStage(
    name: string,
    identity: Partial<StageIdentity> = {},
    fields: Record<string, FieldValue> = {},
  ): StageIdentity {
    this.#executions += 1;
    const stage: StageIdentity = {
      run: this.run,
      name,
      occurrence: 1,
      attempt: 1,
      executionId: `${this.run.attempt}${String(this.#executions).padStart(15, '0')}`,
      parentExecutionId: undefined,
      ...identity,
    };
    this.#tell({
      type: 'stage_started',
      time: this.#next(),
      run: this.run,
      stage,
      fields,
      flags: [],
    });
    return stage;
  }

  startJob(rest: Partial<JobStartedEvent> = {}): this {
    this.#tell({
      type: 'job_started',
      time: this.#next(),
      run: this.run,
      job: { queue: 'civic', jobId: '1', name: 'page_job', parentJobId: undefined, attempt: 1 },
      stage: undefined,
      stageName: undefined,
      traceId: this.run.traceId,
      waitSeconds: undefined,
      fields: {},
      flags: [],
      ...rest,
    });
    return this;
  }

  item(
    stage: StageIdentity,
    itemId: string,
    status: ItemStatus = 'completed',
    error: ErrorDescription | undefined = status === 'failed' ? toldError() : undefined,
  ): this {
    this.#tell({
      type: 'item_ended',
      time: this.#next(),
      run: this.run,
      stage,
      itemId,
      status,
      durationSeconds: 0.01,
      error,
      flags: [],
    });
    return this;
  }

  endStage(
    stage: StageIdentity,
    status: EndStatus = 'completed',
    rest: Partial<StageEndedEvent> = {},
  ): this {
    this.#tell({
      type: 'stage_ended',
      time: this.#next(),
      run: this.run,
      stage,
      status,
      willRetry: false,
      durationSeconds: 0.05,
      error: status === 'failed' ? toldError() : undefined,
      reason: undefined,
      counts: {},
      fields: {},
      config: undefined,
      metadata: {},
      items: undefined,
      flags: [],
      ...rest,
    });
    return this;
  }

  /** A stage from start to end with these items. */
  stage(
    name: string,
    items: readonly string[] = [],
    rest: Partial<StageEndedEvent> = {},
  ): StageIdentity {
    const stage = this.startStage(name);
    for (const item of items) this.item(stage, item);
    this.endStage(stage, rest.status ?? 'completed', rest);
    return stage;
  }

  output(stage: StageIdentity | undefined, path: string, itemId?: string): this {
    this.#tell({
      type: 'output_recorded',
      time: this.#next(),
      run: this.run,
      stage,
      itemId,
      path,
      flags: [],
    });
    return this;
  }
}
