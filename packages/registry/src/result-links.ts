import { dirname } from 'node:path';
import { BoundedMap } from './bounded-map.ts';
import { executionsOf } from './executions.ts';
import { type LatestLinks } from './latest-links.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { type RunState } from './run-fold.ts';
import { stageViewsOf } from './stage-view.ts';

const LATEST = 'latest';
/** How many links are remembered: every item with results has one. */
const MAX_SEEN = 10_000;

/** The links `latest` among the results of stages: `{stage}/latest`, and `{stage}/{item}/latest`. */
export class ResultLinks {
  readonly #environment: RegistryEnvironment;
  readonly #latest: LatestLinks;
  /** Where a link of which run was seen to. */
  readonly #seen = new BoundedMap<string, string>(MAX_SEEN);

  constructor(environment: RegistryEnvironment, latest: LatestLinks) {
    this.#environment = environment;
    this.#latest = latest;
  }

  /** Forgets which links were seen to: someone may have deleted them. */
  forget(): void {
    this.#seen.clear();
  }

  /** The directories whose `latest` this run may take: of stages that completed, at least in part, with results. */
  due(state: RunState): readonly string[] {
    if (state.outputs.size === 0) return [];
    const { layout } = this.#environment;
    const completed = new Set(
      [...stageViewsOf(state, executionsOf(state)).values()]
        .filter(({ status }) => status === 'completed')
        .map(({ stage }) => stage),
    );
    const directories = new Set<string>();
    for (const { stage, item_id: itemId, path, missing } of state.outputs.values()) {
      if (stage === undefined || itemId === undefined || missing || !completed.has(stage)) continue;
      const results = layout.recorded(layout.results(stage, itemId, state.runId));
      if (!path.startsWith(`${results}/`)) continue;
      directories.add(layout.step(stage));
      directories.add(layout.item(stage, itemId));
    }
    return [...directories].filter((directory) => this.#seen.get(directory) !== state.runId);
  }

  async move(runId: string, startTime: number, directories: readonly string[]): Promise<void> {
    for (const directory of directories) {
      try {
        const { fs, directories } = this.#environment;
        await directories.within(directory, async () => {
          const moved = await this.#latest.move(directory, LATEST, '', runId, startTime);
          if (moved) await fs.syncDirectory(directory);
        });
        this.#seen.set(directory, runId);
      } catch (error) {
        reportProblem(problemOf(this.#environment, dirname(directory), error));
      }
    }
  }

  /** The same at once, as far as the directories are there. */
  moveNow(runId: string, startTime: number, directories: readonly string[]): void {
    for (const directory of directories) {
      try {
        this.#latest.moveNow(directory, LATEST, '', runId, startTime);
        this.#seen.set(directory, runId);
      } catch (error) {
        reportProblem(problemOf(this.#environment, dirname(directory), error));
      }
    }
  }
}
