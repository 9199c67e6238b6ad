import { dirname, join } from 'node:path';
import { sha256 } from './foreign-files.ts';
import { spokesOfDirectory } from './layout.ts';
import { codeOf } from './node-error.ts';
import { isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { removeQuietly } from './replace-file.ts';
import { type Replacement, moveOverKnown } from './replace-known.ts';
import { type RunState } from './run-fold.ts';
import { filesAside, setAside } from './set-aside.ts';

/** How often the files of a run are written anew at once because others write there too. */
const MAX_ROUNDS = 4;

/** What others wrote where files of one run were just put, and that nobody has looked at yet. */
export class DisplacedFiles {
  readonly #environment: RegistryEnvironment;
  readonly #runId: string;
  #displaced: { readonly path: string; readonly aside: string }[] = [];
  #isUnsettled = false;

  constructor(environment: RegistryEnvironment, runId: string) {
    this.#environment = environment;
    this.#runId = runId;
  }

  /** Notes what became of a file that was put somewhere. */
  note(path: string, replacement: Replacement): void {
    if (replacement.is === 'done') return;
    this.#isUnsettled = true;
    if (replacement.is === 'displaced') this.#displaced.push({ path, aside: replacement.aside });
  }

  /**
   * Writes files, and anew as long as others write there too.
   * @param state what is known of the run
   * @param write writes them as they are to be now
   * @param learn brings the state to what others of ours recorded meanwhile
   */
  async settled(
    state: RunState,
    write: () => Promise<void>,
    learn: () => Promise<void>,
  ): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      this.#isUnsettled = false;
      await this.#putBack(state);
      await write();
      if (!this.#isUnsettled) return;
      await learn();
      await this.#settle(state);
    }
  }

  /** Lets go of what is known by now, as another process of ours wrote it, and sets the rest aside. */
  async #settle(state: RunState): Promise<void> {
    const displaced = this.#displaced;
    this.#displaced = [];
    for (const { path, aside } of displaced) {
      if (await this.#isOurs(state, path, aside)) await removeQuietly(this.#environment.fs, aside);
      else await setAside(this.#environment, this.#runId, path, aside);
    }
  }

  /** Whether a file that lay at a path is one that we wrote. */
  async #isOurs({ written }: RunState, path: string, aside: string): Promise<boolean> {
    const { fs, layout } = this.#environment;
    try {
      return written.get(layout.recorded(path))?.has(sha256(await fs.readFile(aside))) === true;
    } catch {
      // Nothing says that it can go.
      return false;
    }
  }

  /**
   * Puts spokes of others back that were set aside half-written, or while we put ours there, and are whole by now: what
   * others write lies where they look for it.
   */
  async #putBack(state: RunState): Promise<void> {
    const { fs, layout } = this.#environment;
    const { spokes } = await filesAside(this.#environment, this.#runId);
    for (const { directory, path } of spokes) {
      const usual = join(spokesOfDirectory(layout.analytics, directory), `${this.#runId}.json`);
      const there = await this.#digestOf(usual);
      const isOurs =
        there === undefined || state.written.get(layout.recorded(usual))?.has(there) === true;
      if (!isOurs || !(await this.#isWhole(path))) continue;
      try {
        this.note(usual, await moveOverKnown(fs, path, usual, there));
      } catch (error) {
        // Another writer put it back.
        if (codeOf(error) !== 'ENOENT') throw error;
      }
      await fs.syncDirectory(dirname(usual));
    }
  }

  async #digestOf(path: string): Promise<string | undefined> {
    try {
      return sha256(await this.#environment.fs.readFile(path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #isWhole(path: string): Promise<boolean> {
    try {
      return isJsonObject(parseJson((await this.#environment.fs.readFile(path)).toString('utf8')));
    } catch {
      // Half-written, or damaged: it stays aside.
      return false;
    }
  }
}
