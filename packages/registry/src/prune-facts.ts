import { describeRun } from './describe-run.ts';
import { loadRun, timeOfRunId } from './load-run.ts';
import { directoryNameOf } from './path-name.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { type RunSummary } from './run-summary.ts';

/** What a link `latest` asks of a run. */
export interface LinkFacts {
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  /** Directories of the stages that completed, at least in part. */
  readonly completed: readonly string[];
}

function factsOf({ startTime, stages }: RunSummary): LinkFacts {
  const completed = stages.filter(({ state }) => state === 'completed' || state === 'partial');
  return { startTime, completed: completed.map(({ stage }) => directoryNameOf(stage)) };
}

/** What links ask of runs: as it was read before, else read now. */
export class RunFacts {
  readonly #environment: RegistryEnvironment;
  readonly #known = new Map<string, LinkFacts>();

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
  }

  note(summary: RunSummary): void {
    this.#known.set(summary.runId, factsOf(summary));
  }

  async of(runId: string): Promise<LinkFacts> {
    const known = this.#known.get(runId);
    if (known !== undefined) return known;
    const run = await loadRun(this.#environment, runId);
    const facts =
      run?.state.firstTime === undefined
        ? { startTime: timeOfRunId(runId), completed: [] }
        : factsOf(describeRun(run));
    this.#known.set(runId, facts);
    return facts;
  }
}
