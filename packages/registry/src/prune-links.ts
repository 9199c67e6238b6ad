import { basename, dirname, join } from 'node:path';
import { isRunId } from '@milepost/run-id';
import { LATEST_FILE, jobIdOfFile } from './layout.ts';
import { type RunFacts } from './prune-facts.ts';
import { compareText } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { assertReachedDirectly, removeInside } from './remove-inside.ts';
import { readLink, replaceLink } from './replace-file.ts';
import { namesIn } from './run-ids.ts';

const LATEST = 'latest';

/** Moves links that name runs which are going to the newest that stay, or removes them, before anything they name goes. */
export class PruneLinks {
  readonly #environment: RegistryEnvironment;
  readonly #facts: RunFacts;
  readonly #going: ReadonlySet<string>;

  constructor(environment: RegistryEnvironment, facts: RunFacts, going: ReadonlySet<string>) {
    this.#environment = environment;
    this.#facts = facts;
    this.#going = going;
  }

  /** The link `latest.json` in a directory of hubs or spokes. */
  async ofRecords(directory: string): Promise<void> {
    await this.#move(directory, LATEST_FILE, '.json', async () => this.#recordsIn(directory));
  }

  /** The links `latest` of a stage and an item, of whose results a directory goes. */
  async ofResults(results: string): Promise<void> {
    const item = dirname(results);
    const stage = dirname(item);
    const completed = async (runIds: readonly string[]): Promise<readonly string[]> => {
      const facts = await Promise.all(
        runIds.map(async (runId) => ({ runId, ...(await this.#facts.of(runId)) })),
      );
      return facts
        .filter((fact) => fact.completed.includes(basename(stage)))
        .map(({ runId }) => runId);
    };
    await this.#move(item, LATEST, '', async () =>
      completed((await namesIn(this.#environment, item, [])).filter(isRunId)),
    );
    const spokes = dirname(this.#environment.layout.spoke('any', 'any'));
    await this.#move(stage, LATEST, '', async () =>
      completed(await this.#recordsIn(join(stage, basename(spokes)))),
    );
  }

  async #recordsIn(directory: string): Promise<readonly string[]> {
    const names = await namesIn(this.#environment, directory, []);
    return names.flatMap((name) => jobIdOfFile(name) ?? []).filter(isRunId);
  }

  async #move(
    directory: string,
    name: string,
    suffix: '.json' | '',
    candidates: () => Promise<readonly string[]>,
  ): Promise<void> {
    const { fs } = this.#environment;
    const path = join(directory, name);
    if (!(await assertReachedDirectly(this.#environment, directory))) return;
    const target = await readLink(fs, path);
    const named = suffix === '' || target === undefined ? target : jobIdOfFile(target);
    if (named === undefined || !this.#going.has(named)) return;
    // Who moves it to a newer run meanwhile has written that run first: the second look finds it.
    let newest = await this.#newest(await candidates());
    for (;;) {
      if (newest === undefined) await removeInside(this.#environment, path);
      else await replaceLink(fs, path, newest + suffix);
      const now = await this.#newest(await candidates());
      if (now === newest) break;
      newest = now;
    }
    await fs.syncDirectory(directory);
  }

  async #newest(runIds: readonly string[]): Promise<string | undefined> {
    const staying = runIds.filter((runId) => !this.#going.has(runId));
    const facts = await Promise.all(
      staying.map(async (runId) => ({ runId, start: (await this.#facts.of(runId)).startTime })),
    );
    return facts.toSorted((a, b) => a.start - b.start || compareText(a.runId, b.runId)).at(-1)
      ?.runId;
  }
}
