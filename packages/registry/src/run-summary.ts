import { type EndStatus, type ItemStatus } from '@milepost/semconv';
import {
  type ErrorRecord,
  type Output,
  type Repair,
  type RunState as RunProgress,
  type RunStatus,
  type Source,
  type StepState,
} from '@milepost/semconv/schemas';
import { type Problem } from './problem.ts';
import { type LostEvidence } from './run-liveness.ts';

/** A run or an execution without an end, of whose processes none lives. It is found out at each read and never stored. */
export const LOST = 'lost';
/** How far a run is, as a read tells it. */
export type ReadRunState = RunProgress | typeof LOST;
/** Where a stage or an execution is, as a read tells it. */
export type ReadStepState = StepState | typeof LOST;

/** How many items there are, each counted once by its last outcome. */
export interface ItemTotals {
  readonly total: number;
  readonly successful: number;
  readonly failed: number;
}

/** One run in a list. Times are in milliseconds since the Unix epoch. */
export interface RunSummary {
  readonly runId: string;
  /** Undefined for a run that only others recorded. */
  readonly pipeline: string | undefined;
  readonly subdomain: string | undefined;
  readonly clientId: string | undefined;
  readonly parentRunId: string | undefined;
  /** True for a run that a stage outside any run made for itself. */
  readonly implicit: boolean;
  /** The last attempt, from 1 on. */
  readonly attempt: number;
  readonly status: RunStatus;
  /** `running`: begun and not ended; `open`: nobody is known who will end it; `lost`: whoever should have ended it is gone. */
  readonly state: ReadRunState;
  /** Why it counts as lost; undefined where it does not. */
  readonly lost: LostEvidence | undefined;
  readonly startTime: number;
  readonly endTime: number | undefined;
  /** Undefined while it runs, and where nobody told. */
  readonly durationSeconds: number | undefined;
  readonly error: ErrorRecord | undefined;
  /** Why it was cancelled, where the process ended around it. */
  readonly reason: string | undefined;
  /** Undefined where no stage saw items. */
  readonly items: ItemTotals | undefined;
  /** Names of the stages, declared ones first, and where each is. */
  readonly stages: readonly { readonly stage: string; readonly state: ReadStepState }[];
  readonly flags: readonly string[];
}

/** The jobs over which a stage is spread, each counted once by its last try, without the one that only ended it. */
export interface StageJobs {
  /** How many there shall be, as was told when the stage began; undefined where nobody told. */
  readonly expected: number | undefined;
  /** How many have begun. */
  readonly total: number;
  /** At work, or waiting for their next try. */
  readonly running: number;
  readonly completed: number;
  /** Ended as `failed` or `cancelled`. */
  readonly failed: number;
  /** Whose process is gone, and which nobody has tried again. */
  readonly lost: number;
}

/** One going through a stage: a bar of the waterfall. Times are in milliseconds since the Unix epoch. */
export interface ExecutionSummary {
  readonly stage: string;
  /** Undefined for a step that only others recorded. */
  readonly executionId: string | undefined;
  /** The execution around this one, where there is one. */
  readonly parentExecutionId: string | undefined;
  readonly runAttempt: number;
  /** Which time the stage ran in this run attempt, from 1 on. */
  readonly occurrence: number;
  /** Which try of that occurrence, from 1 on. */
  readonly attempt: number;
  readonly startTime: number;
  readonly endTime: number | undefined;
  readonly durationSeconds: number | undefined;
  /** `running`, `lost`, `retrying` (failed, to be tried again), or how it ended. */
  readonly state: ReadStepState;
  /** Why it counts as lost; undefined where it does not. */
  readonly lost: LostEvidence | undefined;
  /** Who decided on its end, where it came to none by itself. */
  readonly repaired: Repair | undefined;
  readonly items: ItemTotals | undefined;
  /** The jobs over which it is spread; undefined where it is not. */
  readonly jobs: StageJobs | undefined;
  readonly error: ErrorRecord | undefined;
  readonly reason: string | undefined;
  readonly counts: Readonly<Record<string, number>>;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Output[];
  readonly flags: readonly string[];
}

/** One try of a queue's job. Times are in milliseconds since the Unix epoch. */
export interface JobTry {
  /** From 1 on, as the queue counts. */
  readonly attempt: number;
  /**
   * `running`, `retrying` (failed, to be tried again), how it ended, or `lost`: its process is gone, or the job was tried again
   * without an end of this try.
   */
  readonly state: ReadStepState;
  /** Why it counts as lost; undefined where it does not, and where only a later try tells. */
  readonly lost: LostEvidence | undefined;
  readonly startTime: number;
  readonly endTime: number | undefined;
  readonly durationSeconds: number | undefined;
  /** How long it waited in its queue; undefined where the queue does not tell, as for tries after the first. */
  readonly waitSeconds: number | undefined;
  /** Of the trace that its span is in: the run's, or its own. */
  readonly traceId: string | undefined;
  readonly error: ErrorRecord | undefined;
  readonly reason: string | undefined;
}

/** A queue's job in a run. What it shows besides its tries is that of its last one. */
export interface JobSummary extends JobTry {
  readonly name: string;
  readonly queue: string;
  /** Unique in its queue. */
  readonly jobId: string;
  /** The job that added it, where one did. */
  readonly parentJobId: string | undefined;
  /** The stage that it runs, or is a part of. */
  readonly stage: string | undefined;
  readonly runAttempt: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly fields: Readonly<Record<string, unknown>>;
  /** All of which there is a record, first to last. */
  readonly tries: readonly [JobTry, ...JobTry[]];
}

/** A failed item of a run. */
export interface FailedItem {
  readonly stage: string;
  readonly itemId: string;
  readonly error: ErrorRecord | undefined;
}

/** One run with all that is known of it. */
export interface RunDetail extends RunSummary {
  readonly traceId: string | undefined;
  /** Who decided on its end, where it came to none by itself. */
  readonly repaired: Repair | undefined;
  readonly source: Source;
  /** By time of their start. */
  readonly executions: readonly ExecutionSummary[];
  /** Jobs of queues, by time of their first try. */
  readonly jobs: readonly JobSummary[];
  /** Declared stages that never began. */
  readonly pendingStages: readonly string[];
  /** Items whose last outcome in a stage is a failure, by stage. */
  readonly failedItems: readonly FailedItem[];
  /** What could not be read. */
  readonly problems: readonly Problem[];
}

/** One execution that touched an item. Times are in milliseconds since the Unix epoch. */
export interface ItemSighting {
  readonly itemId: string;
  readonly runId: string;
  readonly pipeline: string | undefined;
  readonly runStartTime: number;
  readonly stage: string;
  readonly executionId: string | undefined;
  readonly runAttempt: number;
  readonly occurrence: number;
  readonly attempt: number;
  /** When the item ended there; when the step ran, where only a list tells of it. */
  readonly time: number;
  /** The item's outcome; the step's, where only a list tells of it. */
  readonly status: ItemStatus | EndStatus | StepState;
  readonly durationSeconds: number | undefined;
  readonly error: ErrorRecord | undefined;
  readonly outputs: readonly Output[];
}

/** A list of runs, newest first. */
export interface RunList {
  readonly runs: readonly RunSummary[];
  /** How many runs there are, also where a limit leaves some of them out. */
  readonly total: number;
  /** What could not be read. It hides no other run. */
  readonly problems: readonly Problem[];
}

/** Where an item was seen, oldest first. */
export interface ItemHistory {
  readonly sightings: readonly ItemSighting[];
  readonly problems: readonly Problem[];
}
