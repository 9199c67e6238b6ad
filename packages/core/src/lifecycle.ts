import { diag } from '@opentelemetry/api';
import { type EndStatus, type Flag, type ItemStatus, type RunEndStatus } from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';
import { type FieldValue } from './field-value.ts';
import { globalState } from './global-state.ts';
import { type RunIdentity, type StageIdentity } from './identity.ts';
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

/** A run ended. Joined runs end where they began, not here. */
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
 * Subscribes to every run, stage and item of this process, sampled or not, with an OpenTelemetry SDK or without one.
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
