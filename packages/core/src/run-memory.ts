import { globalState } from './global-state.ts';

/** What this process saw of one attempt of a run that goes through many. */
export interface RunMemory {
  /** Occurrences of stages whose last try failed or was partial. */
  readonly troubled: Set<string>;
  /** How often stages of each name were begun outside any job. */
  readonly occurrences: Map<string, number>;
  /** Jobs of each spread stage whose last try failed for good, by execution. */
  readonly failedJobs: Map<string, Set<string>>;
  /** What was ended here: the run itself (undefined), and spread stages by execution. */
  readonly ended: Set<string | undefined>;
  /** When a job began it by a template, in milliseconds since the Unix epoch: the same for each try of the job. */
  startTime?: number;
}

// A worker sees runs come and go for months.
const MAX_RUNS = 1000;

const memories = globalState('run-memories', () => new Map<string, RunMemory>());
// The newest in the map, whoever asked for it: most jobs are of the run of the job before.
const latest = globalState('newest-run-memory', (): { memory: RunMemory | undefined } => ({
  memory: undefined,
}));

/** An attempt of a run, by what names it. */
export interface RunAttempt {
  readonly runId: string;
  readonly attempt: number;
}

function keyOf({ runId, attempt }: RunAttempt): string {
  return `${runId}\0${attempt}`;
}

/** The attempt begins anew: without a store of runs, one ID may be begun several times. */
export function forgetRun(run: RunAttempt): void {
  memories.delete(keyOf(run));
}

/** What this process saw of an attempt of a run; of those it has not dealt with for long, nothing is known. */
export function runMemory(run: RunAttempt): RunMemory {
  const key = keyOf(run);
  const known = memories.get(key);
  if (known !== undefined && known === latest.memory) return known;
  const memory = known ?? {
    troubled: new Set(),
    occurrences: new Map(),
    failedJobs: new Map(),
    ended: new Set(),
  };
  memories.delete(key);
  memories.set(key, memory);
  latest.memory = memory;
  if (memories.size > MAX_RUNS) {
    const [oldest] = memories.keys();
    if (oldest !== undefined) memories.delete(oldest);
  }
  return memory;
}
