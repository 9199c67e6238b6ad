import { join } from 'node:path';
import { parseRunId } from '@milepost/run-id';
import { BoundedMap } from './bounded-map.ts';
import { parseTime } from './iso-time.ts';
import { jobIdOfFile } from './layout.ts';
import { isJsonObject } from './own-keys.ts';
import { compareText } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { readLink, replaceLink } from './replace-file.ts';

/** How many runs' starts are remembered. */
const MAX_STARTS = 10_000;

/** Moves the links that name the newest run of a directory. The newest is the one that started last. */
export class LatestLinks {
  readonly #environment: RegistryEnvironment;
  readonly #starts = new BoundedMap<string, number>(MAX_STARTS);

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
  }

  /**
   * Makes a link name a run, unless it names one that started later.
   * @param suffix what follows the run ID in the link's target: `.json` or nothing
   * @returns whether the link was moved
   */
  async move(
    directory: string,
    name: string,
    suffix: '.json' | '',
    runId: string,
    startTime: number,
  ): Promise<boolean> {
    const { fs } = this.#environment;
    this.#starts.set(runId, startTime);
    const path = join(directory, name);
    const target = await readLink(fs, path);
    const named = suffix === '' || target === undefined ? target : jobIdOfFile(target);
    if (named === runId) return false;
    if (named !== undefined) {
      const known = await this.#startOf(named);
      if (known > startTime || (known === startTime && compareText(named, runId) > 0)) return false;
    }
    await replaceLink(fs, path, runId + suffix);
    return true;
  }

  async #startOf(runId: string): Promise<number> {
    const known = this.#starts.get(runId);
    if (known !== undefined) return known;
    const start = (await this.#startInHub(runId)) ?? this.#startInName(runId);
    this.#starts.set(runId, start);
    return start;
  }

  async #startInHub(runId: string): Promise<number | undefined> {
    const { fs, layout } = this.#environment;
    try {
      const hub: unknown = JSON.parse((await fs.readFile(layout.hub(runId))).toString('utf8'));
      return isJsonObject(hub) ? parseTime(hub['timestamp']) : undefined;
    } catch {
      // No hub, or none that tells a time: the name may tell it.
      return undefined;
    }
  }

  #startInName(runId: string): number {
    try {
      const parsed = parseRunId(runId);
      return parsed.format === 'opaque' ? 0 : parsed.timeMs;
    } catch {
      // A link to something that is no run: anything is newer.
      return 0;
    }
  }
}
