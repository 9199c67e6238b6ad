import { MAX_ENVELOPE_TIME_MS } from '@milepost/semconv';

/** What Milepost reads of a job of BullMQ: an instance of `Job`, or in a sandbox the plain data of one. */
export interface BullJob {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** BullMQ's options of the job, whatever came. */
  readonly options: unknown;
  /** How often it began to run, this time included. */
  readonly attemptsStarted: number;
  /** How often it failed, or ended, before. */
  readonly attemptsMade: number;
  /** How many tries it may have; 0 and 1 are alike. */
  readonly attemptsAllowed: number;
  /** How often a worker was lost while it ran. */
  readonly stalledCount: number;
  /** When it was added, in milliseconds since the Unix epoch. Undefined where its user gave it no such time. */
  readonly timestamp: number | undefined;
  /** When it was to run, the same for each try: when it was added, or later by its delay. */
  readonly readyAt: number | undefined;
  /** Of the job in the same flow that waits for it. */
  readonly parentJobId: string | undefined;
  /** Whether a scheduler made it. */
  readonly isScheduled: boolean;
  /** Whether it ended for good. */
  readonly hasFinished: boolean;
  /** Why BullMQ is going to fail it without running it. */
  readonly deferredFailure: string | undefined;
  /** Whether it runs in a sandbox: plain data, and of what is thrown BullMQ gets a copy with no class. */
  readonly isSandboxed: boolean;
  /** BullMQ's limit of starts, where the worker has one; in a sandbox it is not known. */
  readonly maxStartedAttempts: number | undefined;
}

/** Reads what a processor was given. Undefined for what is no job of BullMQ. */
export function readBullJob(given: unknown): BullJob | undefined {
  const id = field(given, 'id');
  const name = field(given, 'name');
  const queue = field(given, 'queueName');
  if (typeof id !== 'string' || typeof name !== 'string' || typeof queue !== 'string')
    return undefined;
  const options = field(given, 'opts');
  const timestamp = time(field(given, 'timestamp'));
  return {
    id,
    name,
    queue,
    options,
    attemptsStarted: count(field(given, 'attemptsStarted')),
    attemptsMade: count(field(given, 'attemptsMade')),
    attemptsAllowed: count(field(options, 'attempts')),
    stalledCount: count(field(given, 'stalledCounter')),
    timestamp,
    readyAt: timestamp && (time(timestamp + count(field(options, 'delay'))) ?? timestamp),
    parentJobId: text(field(field(given, 'parent'), 'id')),
    isScheduled: text(field(given, 'repeatJobKey')) !== undefined,
    hasFinished: count(field(given, 'finishedOn')) > 0,
    deferredFailure: text(field(given, 'deferredFailure')),
    isSandboxed: field(given, 'queue') === undefined,
    maxStartedAttempts:
      count(field(field(field(given, 'queue'), 'opts'), 'maxStartedAttempts')) || undefined,
  };
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function time(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value <= MAX_ENVELOPE_TIME_MS
    ? value
    : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
