import { diag } from '@opentelemetry/api';
import { type EndStatus, type Flag, type ItemStatus, type RunEndStatus } from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';
import { type FieldValue } from './field-value.ts';
import { globalState } from './global-state.ts';
import { type JobIdentity, type RunIdentity, type StageIdentity } from './identity.ts';
import { type SpanPlace } from './span-place.ts';

/** What every event of the feed has. */
interface LifecycleEventBase {
  /** When it happened, in milliseconds since the Unix epoch. */
  readonly time: number;
  readonly run: RunIdentity;
  /** What Milepost changed or doubted. */
  readonly flags: readonly Flag[];
}

/** A run began here, or this process joined one (`run.joined`). */
export interface RunStartedEvent extends LifecycleEventBase {
  readonly type: 'run_started';
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Its root span; undefined where this process makes none. */
  readonly span?: SpanPlace | undefined;
}

/** A run ended. Joined runs end where they began, not here; those of `beginRun` (`run.begun`) wherever somebody ends them. */
export interface RunEndedEvent extends LifecycleEventBase {
  readonly type: 'run_ended';
  readonly status: RunEndStatus;
  readonly durationSeconds: number;
  readonly error: ErrorDescription | undefined;
  /** Why the run was cancelled, where the process ended around it. */
  readonly reason: string | undefined;
}

/** An execution of a stage began. */
export interface StageStartedEvent extends LifecycleEventBase {
  readonly type: 'stage_started';
  readonly stage: StageIdentity;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** What `beginStage` was given as configuration. JSON data, secrets redacted. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** How many jobs a spread stage is going to be spread over, where that was said. */
  readonly expected?: number;
  /** Its span, whose ID is the execution's too; undefined where there is none. */
  readonly span?: SpanPlace | undefined;
}

/** How many items a stage saw: each item by its last outcome, or what a consumed iterator or stream gave out. */
export interface ItemCounts {
  readonly total: number;
  readonly successful: number;
  readonly failed: number;
}

/** An execution of a stage ended. */
export interface StageEndedEvent extends LifecycleEventBase {
  readonly type: 'stage_ended';
  readonly stage: StageIdentity;
  readonly status: EndStatus;
  /** True for a failure that the caller is going to retry: not a final outcome. */
  readonly willRetry: boolean;
  readonly durationSeconds: number;
  readonly error: ErrorDescription | undefined;
  /** Why the stage was skipped or cancelled. */
  readonly reason: string | undefined;
  /** What `stage.count` added up. */
  readonly counts: Readonly<Record<string, number>>;
  /** What the stage's attributes and `stage.set` said. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** What `stage.setConfig` said, merged. JSON data, secrets redacted. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** What `stage.setMetadata` said. JSON data, secrets redacted. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Undefined where the stage saw no items. */
  readonly items: ItemCounts | undefined;
}

/** An item ended, in a stage. */
export interface ItemEndedEvent extends LifecycleEventBase {
  readonly type: 'item_ended';
  readonly stage: StageIdentity;
  readonly itemId: string;
  readonly status: ItemStatus;
  readonly durationSeconds: number;
  readonly error: ErrorDescription | undefined;
}

/** A try of a queue's job began. */
export interface JobStartedEvent extends LifecycleEventBase {
  readonly type: 'job_started';
  readonly job: JobIdentity;
  /** The spread stage that it is a part of, if any. */
  readonly stage: StageIdentity | undefined;
  /** Name of the stage that it runs, or is a part of. */
  readonly stageName: string | undefined;
  /** The trace that its span lies in, 32 hex digits: the run's, or its own. */
  readonly traceId: string;
  /** How long it was ready to run before, where that is known. */
  readonly waitSeconds: number | undefined;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** A try of a queue's job ended. */
export interface JobEndedEvent extends LifecycleEventBase {
  readonly type: 'job_ended';
  readonly job: JobIdentity;
  /** The spread stage that it is a part of, if any. */
  readonly stage: StageIdentity | undefined;
  readonly stageName: string | undefined;
  readonly status: EndStatus;
  /** True where the queue is going to run the job again: not a final outcome. */
  readonly willRetry: boolean;
  readonly durationSeconds: number;
  readonly error: ErrorDescription | undefined;
  /** Why the job was skipped or cancelled. */
  readonly reason: string | undefined;
  /** What `job.count` added up, and `stage.count` of the spread stage in this job. */
  readonly counts: Readonly<Record<string, number>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** What `setConfig` of the spread stage said in this job. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** What `setMetadata` of the spread stage said in this job. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Undefined where the job saw no items of the spread stage. */
  readonly items: ItemCounts | undefined;
}

/** The user's code wrote a file and said so by `recordOutput`. */
export interface OutputRecordedEvent extends LifecycleEventBase {
  readonly type: 'output_recorded';
  readonly stage: StageIdentity | undefined;
  readonly itemId: string | undefined;
  /** As the user gave it, resolved against the working directory of that moment. */
  readonly path: string;
}

/** What the lifecycle feed tells its listeners. */
export type LifecycleEvent =
  | RunStartedEvent
  | RunEndedEvent
  | StageStartedEvent
  | StageEndedEvent
  | JobStartedEvent
  | JobEndedEvent
  | ItemEndedEvent
  | OutputRecordedEvent;

/** Someone who keeps a record of what happens, such as the registry. */
export interface LifecycleListener {
  /** Called synchronously within the user's call: quick, and what it throws is reported and dropped. */
  onEvent(event: LifecycleEvent): void;
  /**
   * Resolves when everything that was told before the call is kept.
   * @param runId only what was told of this run has to be; all without
   */
  flush?(runId?: string): Promise<void>;
}

const listeners = globalState('lifecycle', () => new Set<LifecycleListener>());

/**
 * Subscribes to every run, stage, job and item of this process, sampled or not, with an OpenTelemetry SDK or without one.
 * @returns ends the subscription
 */
export function subscribeLifecycle(listener: LifecycleListener): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Whether anybody listens: events need not be built where nobody does. */
export function hasLifecycleListeners(): boolean {
  return listeners.size > 0;
}

/** Tells every listener. Never throws. */
export function publishLifecycle(event: LifecycleEvent): void {
  for (const listener of listeners) {
    try {
      listener.onEvent(event);
    } catch (error) {
      diag.error(`milepost: a listener of the lifecycle feed failed at ${event.type}`, error);
    }
  }
}

/** Resolves when every listener has kept what it was told of a run. Never rejects. */
export async function flushLifecycle(runId: string): Promise<void> {
  await Promise.all(
    [...listeners].map(async (listener) => {
      try {
        await listener.flush?.(runId);
      } catch (error) {
        diag.error('milepost: a listener of the lifecycle feed could not flush', error);
      }
    }),
  );
}
