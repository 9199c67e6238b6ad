import { dirname } from 'node:path';
import { syncDirectory } from './directories.ts';
import { type FileFacts } from './file-system.ts';
import { sha256 } from './foreign-files.ts';
import { type LatestLinks } from './latest-links.ts';
import { LATEST_FILE } from './layout.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { type RenderedRun, jsonText } from './render-run.ts';
import { replaceFile } from './replace-file.ts';

interface DerivedFile {
  readonly path: string;
  /** As the journal names it. */
  readonly recorded: string;
  readonly bytes: Buffer;
  readonly digest: string;
}

interface Written {
  readonly digest: string;
  readonly facts: FileFacts;
}

/** Hub and spokes of one run on disk. */
export class RunFiles {
  readonly #environment: RegistryEnvironment;
  readonly #links: LatestLinks;
  readonly #runId: string;
  readonly #written = new Map<string, Written>();

  constructor(environment: RegistryEnvironment, links: LatestLinks, runId: string) {
    this.#environment = environment;
    this.#links = links;
    this.#runId = runId;
  }

  /** The files, spokes first, that are not yet on disk as the run is now. */
  async stale(run: RenderedRun): Promise<readonly DerivedFile[]> {
    const { layout } = this.#environment;
    const files = run.spokes.map(({ step, besideForeign, content }) =>
      this.#file(
        besideForeign
          ? layout.spokeBesideForeign(step, this.#runId)
          : layout.spoke(step, this.#runId),
        jsonText(content),
      ),
    );
    files.push(this.#file(layout.hub(this.#runId), jsonText(run.hub)));
    const current = await Promise.all(files.map((file) => this.#isCurrent(file)));
    return files.filter((_, index) => current[index] === false);
  }

  #file(path: string, text: string): DerivedFile {
    const bytes = Buffer.from(text, 'utf8');
    return {
      path,
      recorded: this.#environment.layout.recorded(path),
      bytes,
      digest: sha256(bytes),
    };
  }

  async #isCurrent(file: DerivedFile): Promise<boolean> {
    const { fs } = this.#environment;
    try {
      const written = this.#written.get(file.path);
      if (written === undefined) return sha256(await fs.readFile(file.path)) === file.digest;
      if (written.digest !== file.digest) return false;
      const facts = await fs.lstat(file.path);
      const { size, mtimeMs, ino } = written.facts;
      return facts.size === size && facts.mtimeMs === mtimeMs && facts.ino === ino;
    } catch {
      // Not there, or not readable: it is written anew.
      return false;
    }
  }

  /** Writes the files, then moves the links that name the newest run. What fails is reported; the rest goes on. */
  async write(files: readonly DerivedFile[], startTime: number): Promise<void> {
    const touched = new Set<string>();
    for (const file of files) {
      await this.#guarded(file.path, async () => {
        const { fs, directories } = this.#environment;
        const directory = dirname(file.path);
        const facts = await directories.within(directory, () =>
          replaceFile(fs, file.path, file.bytes),
        );
        this.#written.set(file.path, { digest: file.digest, facts });
        await this.#links.move(directory, LATEST_FILE, '.json', this.#runId, startTime);
        touched.add(directory);
      });
    }
    for (const directory of touched) {
      await this.#guarded(directory, () => syncDirectory(this.#environment.fs, directory));
    }
  }

  async #guarded(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      reportProblem(problemOf(this.#environment, path, error));
    }
  }
}
