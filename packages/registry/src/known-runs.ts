import { type RegistryEnvironment } from './registry-environment.ts';
import { goneOf } from './run-liveness.ts';
import { type RunWriters } from './run-writers.ts';
import { type WatchedRun } from './watched-run.ts';
import { type GoneBy } from './writer-life.ts';

/** How many runs that ended are kept for a comparison with what is still told of them. */
const MAX_ENDED = 1000;

/** What a watch knows of a run. */
export interface KnownRun {
  readonly was: WatchedRun;
  readonly writers: RunWriters;
  /** How its processes were when it was read. */
  readonly gone: readonly (GoneBy | undefined)[];
}

/** Whether the processes of a run may become others than they are, or give a sign of life. */
function mayChange(gone: readonly (GoneBy | undefined)[]): boolean {
  return gone.some((by) => by === undefined || by === 'silent');
}

/** What a watch knows of runs: of all that have not ended, and of those that ended last. */
export class KnownRuns {
  readonly #environment: RegistryEnvironment;
  readonly #open = new Map<string, KnownRun>();
  /** Ended longest ago first. */
  readonly #ended = new Map<string, WatchedRun>();

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
  }

  /** What a run was when it was last told of; undefined where that is not known. */
  was(runId: string): WatchedRun | undefined {
    return this.#open.get(runId)?.was ?? this.#ended.get(runId);
  }

  /**
   * Keeps a run.
   * @param isOver everything of it has its end
   */
  keep(runId: string, known: KnownRun, isOver: boolean): void {
    this.forget(runId);
    if (!isOver) {
      this.#open.set(runId, known);
      return;
    }
    this.#ended.set(runId, known.was);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
  }

  forget(runId: string): void {
    this.#open.delete(runId);
    this.#ended.delete(runId);
  }

  /** Runs of which a process has gone since they were read, or has given a sign of life: no file tells that. */
  async turned(): Promise<readonly string[]> {
    const turned: string[] = [];
    for (const [runId, { writers, gone }] of this.#open) {
      if (!mayChange(gone)) continue;
      const now = await goneOf(this.#environment, runId, writers);
      if (gone.length !== now.length || gone.some((by, index) => by !== now[index])) {
        turned.push(runId);
      }
    }
    return turned;
  }
}
