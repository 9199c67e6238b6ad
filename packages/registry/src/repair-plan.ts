import { type RunEndStatus } from '@milepost/semconv';
import { type RunState as RunProgress, type StepState } from '@milepost/semconv/schemas';
import { stepEntries } from './describe-run.ts';
import { type Execution, executionsOf } from './executions.ts';
import { type LoadedRun } from './load-run.ts';
import { lostJobs } from './lost-jobs.ts';
import { occurrenceNumbers } from './occurrences.ts';
import { type AttemptState, type RunState } from './run-fold.ts';
import { type LostEvidence, type RunLiveness } from './run-liveness.ts';
import { LOST, type ReadRunState } from './run-summary.ts';

/** An end that nobody recorded, as it would be written. Times are in milliseconds since the Unix epoch. */
export interface PlannedEnd {
  readonly unit: 'run' | 'stage';
  /** Undefined for the run itself, as is the execution. */
  readonly stage: string | undefined;
  readonly executionId: string | undefined;
  readonly runAttempt: number;
  /** Which time the stage ran in this run attempt, and which try of that it was, from 1 on; 1 for the run itself. */
  readonly occurrence: number;
  readonly attempt: number;
  /** `lost`: whoever should have ended it is gone; `open`: nobody is known who would end it. */
  readonly state: 'lost' | 'open';
  /** Why it counts as lost; undefined where it is open. */
  readonly lost: LostEvidence | undefined;
  readonly startTime: number;
  /** The last that is known of it: a sign of life or a record, never later than now. */
  readonly endTime: number;
  /**
   * As the decision says; without one `failed` for what is lost; for an open run `cancelled` where nothing of it ever began,
   * else by the stages that did.
   */
  readonly status: RunEndStatus;
}

/** What a repair of a run would write. */
export interface RepairPlan {
  readonly runId: string;
  readonly pipeline: string | undefined;
  readonly state: ReadRunState;
  readonly startTime: number;
  /** Why it cannot be repaired now: who lives that may still end it. Undefined where nobody does. */
  readonly refused: string | undefined;
  /** Stages by their starts, then the run; empty where everything has its end. */
  readonly ends: readonly PlannedEnd[];
  /** Whether a stage or a job of the run, in its last attempt, ever began. */
  readonly began: boolean;
  /** Declared stages that never began. They do not count for how a run is ended: which of them were due, nobody knows. */
  readonly pendingStages: readonly string[];
  /** How many jobs of queues are lost by their last try. They get no end, as their queue may have them tried again. */
  readonly lostJobs: number;
}

/** Why a run may not be repaired: processes that live and have something of it in hand. */
function refusalOf(
  runProgress: RunProgress,
  open: readonly Execution[],
  jobs: RunState['jobs'],
  { lostExecutions, living }: Pick<RunLiveness, 'lostExecutions' | 'living'>,
): string | undefined {
  const inHand = open.filter(
    ({ executionId, state }) => state === 'running' && !lostExecutions.has(executionId),
  );
  const jobsInHand = [...jobs].flatMap(([key, { started, ended }]) =>
    started === undefined || ended !== undefined ? [] : [{ key, started }],
  );
  const holders = living.flatMap(({ text, executions, jobTries }) => {
    const stages = inHand.filter(({ executionId }) => executions.has(executionId));
    const tries = jobsInHand.filter(({ key }) => jobTries.has(key));
    const names = new Set([
      ...stages.map(({ stage }) => stage),
      ...tries.map(({ started }) => `job ${started.job_id} of ${started.queue}`),
    ]);
    return names.size === 0 ? [] : [`${text} lives and runs ${[...names].join(', ')}`];
  });
  if (holders.length > 0) return holders.join('; ');
  // Who took part in a run that waits for an end from anywhere may live on for other runs.
  if (runProgress !== 'running' || living.length === 0) return undefined;
  return living.map(({ text }) => `${text} lives and takes part in it`).join('; ');
}

function lastOfExecution({ startTime, ended, items }: Execution): number {
  let last = Math.max(startTime, ended?.time ?? 0);
  for (const item of items.values()) last = Math.max(last, item.last.time);
  return last;
}

const TROUBLED: ReadonlySet<StepState> = new Set(['failed', 'partial', 'retrying']);

/** Declared stages that never began, and whether one or a job of that attempt did, or others tell of a step. */
function beginningsOf(
  { state, rendered }: LoadedRun,
  executions: readonly Execution[],
  runAttempt: number,
): Pick<RepairPlan, 'began' | 'pendingStages'> {
  const own = new Set(executions.map(({ stage }) => stage));
  const others = stepEntries(rendered.hub).filter(([step]) => !own.has(step));
  const pendingStages = others
    .filter(([, entry]) => entry['job_id'] === null)
    .map(([step]) => step);
  const began =
    others.length > pendingStages.length ||
    executions.some((execution) => execution.runAttempt === runAttempt) ||
    [...state.jobs.values()].some(
      ({ started, ended }) => (started ?? ended)?.run_attempt === runAttempt,
    );
  return { began, pendingStages };
}

/** The outcome of a run all of whose stages ended, as if its function had returned. */
function statusByStages(executions: readonly Execution[]): RunEndStatus {
  const last = new Map<string, Execution>();
  for (const one of executions) last.set(`${one.stage}\0${one.statedOccurrence}`, one);
  const isTroubled = [...last.values()].some(
    // What has no end is about to be ended as failed.
    ({ state, ended }) => ended === undefined || TROUBLED.has(state),
  );
  return isTroubled ? 'partial' : 'completed';
}

function startOfAttempt(
  { started, joined }: AttemptState,
  executions: readonly Execution[],
  fallback: number,
): number {
  return (
    started?.time ?? joined?.started_at ?? executions[0]?.startTime ?? joined?.time ?? fallback
  );
}

/** Of a run whose last attempt and whose stages all ended. */
const NOTHING_OPEN: RunLiveness = {
  lost: undefined,
  lostExecutions: new Map(),
  lostJobTries: new Map(),
  living: [],
};

/**
 * What a repair of a run would write: an end for each execution, and for each attempt of the run, that has none. Pure.
 * @param now in milliseconds since the Unix epoch
 * @param status of all of them; otherwise what follows from the evidence
 */
export function planRepair(run: LoadedRun, now: number, status?: RunEndStatus): RepairPlan {
  const { runId, state, liveness } = run;
  const { overview } = run.rendered;
  const base = { runId, pipeline: overview.pipeline, startTime: overview.startTime };
  const { lost: lostRun, lostExecutions, living } = liveness ?? NOTHING_OPEN;
  const executions = executionsOf(state);
  const open = executions.filter(({ ended }) => ended === undefined);
  const numbers = occurrenceNumbers(executions);
  const until = (start: number, times: readonly number[]): number =>
    Math.max(
      start,
      Math.min(
        now,
        times.reduce((a, b) => Math.max(a, b), 0),
      ),
    );

  const stages = open.map((execution): PlannedEnd => {
    const { executionId, startTime } = execution;
    const lost = lostExecutions.get(executionId);
    return {
      unit: 'stage',
      stage: execution.stage,
      executionId,
      runAttempt: execution.runAttempt,
      occurrence: numbers.get(executionId) ?? 1,
      attempt: execution.attempt,
      state: lost === undefined ? 'open' : LOST,
      lost,
      startTime,
      endTime: until(startTime, [lastOfExecution(execution), lost?.lastHeartbeat ?? 0]),
      status: status ?? 'failed',
    };
  });

  const lastAttempt = Math.max(...state.attempts.keys());
  const beginnings = beginningsOf(run, executions, lastAttempt);
  // What nobody began is no success, and nothing of it failed.
  const statusOfOpen = (own: readonly Execution[]): RunEndStatus =>
    beginnings.began ? statusByStages(own) : 'cancelled';
  const runs = [...state.attempts]
    .filter(([, { ended }]) => ended === undefined)
    .toSorted(([a], [b]) => a - b)
    .map(([runAttempt, attempt]): PlannedEnd => {
      const isLast = runAttempt === lastAttempt;
      const own = executions.filter((execution) => execution.runAttempt === runAttempt);
      const ends = stages.filter((end) => end.runAttempt === runAttempt);
      const ofStages = ends.find((end) => end.lost !== undefined)?.lost;
      const lost = isLast ? lostRun : ofStages;
      const startTime = startOfAttempt(attempt, own, overview.startTime);
      const times = [...own.map(lastOfExecution), ...ends.map(({ endTime }) => endTime)];
      if (lost !== undefined) times.push(lost.lastHeartbeat);
      return {
        unit: 'run',
        stage: undefined,
        executionId: undefined,
        runAttempt,
        occurrence: 1,
        attempt: 1,
        state: lost === undefined ? 'open' : LOST,
        lost,
        startTime,
        endTime: until(startTime, times),
        // An attempt that another one followed did not do what it should.
        status: status ?? (isLast && lost === undefined ? statusOfOpen(own) : 'failed'),
      };
    });
  return {
    ...base,
    state: lostRun === undefined ? overview.state : LOST,
    refused: refusalOf(overview.state, open, state.jobs, { lostExecutions, living }),
    ends: [...stages, ...runs],
    ...beginnings,
    lostJobs: lostJobs(run).size,
  };
}
