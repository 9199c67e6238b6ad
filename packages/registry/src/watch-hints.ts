import { diag } from '@opentelemetry/api';
import { isRunId } from '@milepost/run-id';
import { jobIdOfFile } from './layout.ts';
import { codeOf, messageOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { parseMark } from './segment-marks.ts';

/** How many directories are watched at most: systems have few to give. */
const MAX_WATCHED = 64;
/** Codes of a system that has no more to give. */
const EXHAUSTED: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);

/** The run that a file is of, by its name: a mark, a hub or a spoke. */
function runOfName(name: string): string | undefined {
  const runId = parseMark(name)?.runId ?? jobIdOfFile(name);
  return runId !== undefined && isRunId(runId) ? runId : undefined;
}

/**
 * Hints of the system at runs that may have changed. They come at once or not at all: network file systems give none of
 * what others write, and there are only so many to be had.
 */
export class WatchHints {
  readonly #environment: RegistryEnvironment;
  readonly #told: (runId: string) => void;
  readonly #watched = new Map<string, () => void>();
  #isExhausted = false;

  /** @param told is called for each run */
  constructor(environment: RegistryEnvironment, told: (runId: string) => void) {
    this.#environment = environment;
    this.#told = told;
  }

  /** Watches directories, as far as they are there and not watched already. */
  follow(directories: readonly string[]): void {
    for (const path of directories) {
      if (this.#isExhausted || this.#watched.size >= MAX_WATCHED) return;
      if (!this.#watched.has(path)) this.#watch(path);
    }
  }

  /** Watches nothing any more. */
  close(): void {
    for (const stop of this.#watched.values()) stop();
    this.#watched.clear();
  }

  #watch(path: string): void {
    const changed = (name: string): void => {
      const runId = runOfName(name);
      if (runId !== undefined) this.#told(runId);
    };
    try {
      const stop = this.#environment.fs.watch?.(path, changed, () => this.#watched.delete(path));
      if (stop === undefined) this.#isExhausted = true;
      else this.#watched.set(path, stop);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return;
      this.#isExhausted ||= EXHAUSTED.has(code);
      diag.debug(`milepost: registry: no hints of ${path}: ${messageOf(error)}`);
    }
  }
}
