import { describeRun } from './describe-run.ts';
import { type LoadedRun, timeOfRunId } from './load-run.ts';
import { type PruneOptions } from './prune-options.ts';
import { type KeepReason } from './prune-report.ts';
import { type NamedSources, UNKNOWN_SOURCES } from './prune-sources.ts';
import { GONE_FOR_GOOD_MS } from './prune-writers.ts';
import { type LostEvidence } from './run-liveness.ts';
import { isSelected } from './run-selection.ts';
import { LOST, type RunSummary } from './run-summary.ts';

/** What is known of a run while it is decided what becomes of it: of a hundred thousand at once. */
export interface KnownRun {
  readonly runId: string;
  readonly pipeline: string | undefined;
  readonly subdomain: string | undefined;
  /** Undefined, as is the state, for a run that cannot be read. */
  readonly status: RunSummary['status'] | undefined;
  readonly state: RunSummary['state'] | undefined;
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  /** Its end, else its last sign of life, else its start, in milliseconds since the Unix epoch. */
  readonly lastTime: number;
  readonly isSelected: boolean;
  readonly sources: NamedSources;
  /** Why it stays whatever its age. */
  readonly stays: KeepReason | undefined;
}

/** Whether somebody may still end what counts as lost: of processes elsewhere only their silence tells. */
function mayEnd({ goneBy, lastHeartbeat }: LostEvidence, now: number): boolean {
  return goneBy === 'silent' && now - lastHeartbeat <= GONE_FOR_GOOD_MS;
}

/** Whether the hub is one that we wrote, and nothing is left of its journal. No hub of others tells a state. */
function isBereft({ hasJournal, state }: LoadedRun): boolean {
  return !hasJournal && [...state.foreignHubs.values()].some(({ keys }) => 'state' in keys);
}

function staysFor(
  run: LoadedRun,
  { state }: RunSummary,
  withForeign: boolean,
  now: number,
): KeepReason | undefined {
  const { liveness } = run;
  if (run.problems.length > 0) return 'unreadable';
  if (state === 'open') return 'open';
  const lost = liveness?.lostExecutions;
  const isOver = [...run.state.executions.values()].every(({ executionId, ended }) => {
    const evidence = lost?.get(executionId);
    return ended !== undefined || (evidence !== undefined && !mayEnd(evidence, now));
  });
  const isRunLost = liveness?.lost !== undefined && !mayEnd(liveness.lost, now);
  if (!isOver || state === 'running' || (state === LOST && !isRunLost)) return 'running';
  const { foreignHubs, foreignSpokes } = run.state;
  const isOurs = run.hasJournal && foreignHubs.size === 0 && foreignSpokes.size === 0;
  if (isOurs || withForeign) return undefined;
  return isBereft(run) ? 'journal_missing' : 'foreign';
}

/** What is known of a run, and its summary. */
export function knownRun(
  run: LoadedRun,
  sources: NamedSources,
  options: PruneOptions,
  now: number,
): [KnownRun, RunSummary] {
  const { pipeline, subdomain, status, foreign = false } = options;
  const summary = describeRun(run);
  const selection = {
    ...(pipeline !== undefined && { pipeline }),
    ...(subdomain !== undefined && { subdomain }),
    ...(status !== undefined && { status }),
  };
  const known: KnownRun = {
    runId: run.runId,
    pipeline: summary.pipeline,
    subdomain: summary.subdomain,
    status: summary.status,
    state: summary.state,
    startTime: summary.startTime,
    lastTime: summary.endTime ?? summary.lost?.lastHeartbeat ?? summary.startTime,
    isSelected: isSelected(run, selection),
    sources,
    stays: staysFor(run, summary, foreign, now),
  };
  return [known, summary];
}

/** What is known of a run that cannot be read: it stays, and may be of any selection. */
export function unreadRun(runId: string): KnownRun {
  const startTime = timeOfRunId(runId);
  return {
    runId,
    pipeline: undefined,
    subdomain: undefined,
    status: undefined,
    state: undefined,
    startTime,
    lastTime: startTime,
    isSelected: true,
    sources: UNKNOWN_SOURCES,
    stays: 'unreadable',
  };
}
