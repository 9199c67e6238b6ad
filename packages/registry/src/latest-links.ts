import { join } from 'node:path';
import { parseRunId } from '@milepost/run-id';
import { BoundedMap } from './bounded-map.ts';
import { parseTime } from './iso-time.ts';
import { jobIdOfFile } from './layout.ts';
import { isJsonObject } from './own-keys.ts';
import { compareText } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { readLink, replaceLink } from './replace-file.ts';
import { readLinkNow, replaceLinkNow } from './replace-now.ts';

/** How many runs' starts are remembered. */
const MAX_STARTS = 10_000;

/** Moves the links that name the newest run of a directory. The newest is the one that started last. */
export class LatestLinks {
  readonly #environment: RegistryEnvironment;
  readonly #starts = new BoundedMap<string, number>(MAX_STARTS);
  /** The last move of each link that is under way. */
  readonly #moving = new Map<string, Promise<unknown>>();

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
    const path = join(directory, name);
    const before = this.#moving.get(path);
    const move = async (): Promise<boolean> => {
      await before;
      return this.#move(path, suffix, runId, startTime);
    };
    const moving = move();
    // Of two at once, the one that is older would not see the other.
    const settled = moving.catch(() => undefined);
    this.#moving.set(path, settled);
    try {
      return await moving;
    } finally {
      if (this.#moving.get(path) === settled) this.#moving.delete(path);
    }
  }

  async #move(
    path: string,
    suffix: '.json' | '',
    runId: string,
    startTime: number,
  ): Promise<boolean> {
    const { fs } = this.#environment;
    this.#starts.set(runId, startTime);
    const named = runNamed(await readLink(fs, path), suffix);
    if (named === runId) return false;
    if (named !== undefined && isNewer(named, await this.#startOf(named), runId, startTime)) {
      return false;
    }
    await replaceLink(fs, path, runId + suffix);
    return true;
  }

  /** The same at once. */
  moveNow(
    directory: string,
    name: string,
    suffix: '.json' | '',
    runId: string,
    startTime: number,
  ): void {
    const { fs } = this.#environment;
    this.#starts.set(runId, startTime);
    const path = join(directory, name);
    const named = runNamed(readLinkNow(fs, path), suffix);
    if (named === runId) return;
    if (named !== undefined && isNewer(named, this.#startOfNow(named), runId, startTime)) return;
    replaceLinkNow(fs, path, runId + suffix);
  }

  async #startOf(runId: string): Promise<number> {
    const known = this.#starts.get(runId);
    if (known !== undefined) return known;
    const { fs, layout } = this.#environment;
    let hub: Buffer | undefined;
    try {
      hub = await fs.readFile(layout.hub(runId));
    } catch {
      // No hub: the name may tell a time.
    }
    return this.#learnt(runId, hub);
  }

  #startOfNow(runId: string): number {
    const known = this.#starts.get(runId);
    if (known !== undefined) return known;
    const { fs, layout } = this.#environment;
    let hub: Buffer | undefined;
    try {
      hub = fs.sync.readFile(layout.hub(runId));
    } catch {
      // No hub: the name may tell a time.
    }
    return this.#learnt(runId, hub);
  }

  #learnt(runId: string, hub: Buffer | undefined): number {
    const start = startInHub(hub) ?? startInName(runId);
    this.#starts.set(runId, start);
    return start;
  }
}

/** The run that a link's target names. */
function runNamed(target: string | undefined, suffix: '.json' | ''): string | undefined {
  return suffix === '' || target === undefined ? target : jobIdOfFile(target);
}

/** Whether a run started later than another one; of two that started at once, one has to be the newest. */
function isNewer(runId: string, startTime: number, than: string, thanStartTime: number): boolean {
  return startTime > thanStartTime || (startTime === thanStartTime && compareText(runId, than) > 0);
}

function startInHub(content: Buffer | undefined): number | undefined {
  if (content === undefined) return undefined;
  try {
    const hub: unknown = JSON.parse(content.toString('utf8'));
    return isJsonObject(hub) ? parseTime(hub['timestamp']) : undefined;
  } catch {
    // None that tells a time: the name may tell it.
    return undefined;
  }
}

function startInName(runId: string): number {
  try {
    const parsed = parseRunId(runId);
    return parsed.format === 'opaque' ? 0 : parsed.timeMs;
  } catch {
    // A link to something that is no run: anything is newer.
    return 0;
  }
}
