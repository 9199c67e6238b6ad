import { copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What is deployed. */
export interface Release {
  /** Names its directory. */
  readonly name: string;
  readonly databasePath: string;
  readonly extractionPath: string;
}

interface Plugin {
  readonly name: string;
  /** Writes one file into the release. */
  write(release: Release, directory: string): Promise<string>;
}

const plugins: readonly Plugin[] = [
  {
    name: 'database',
    write: ({ databasePath }, directory) => copyInto(directory, databasePath),
  },
  {
    name: 'extraction',
    write: ({ extractionPath }, directory) => copyInto(directory, extractionPath),
  },
  {
    name: 'index',
    async write({ databasePath }, directory) {
      const file = path.join(directory, 'index.json');
      await writeFile(file, `${JSON.stringify(indexOf(databasePath), null, 2)}\n`);
      return file;
    },
  },
];

/**
 * Deploys a release: a directory of its own in the target, to which the link `current` points in one step.
 *
 * @param onPlugin called before a part of it is written
 * @returns the files of the release
 * @throws the error of SQLite or of the file system; `current` is then as before
 */
export async function deployRelease(
  release: Release,
  target: string,
  onPlugin: (name: string) => void,
): Promise<readonly string[]> {
  const directory = path.join(target, release.name);
  const files: string[] = [];
  for (const plugin of plugins) {
    onPlugin(plugin.name);
    await mkdir(directory, { recursive: true });
    files.push(await plugin.write(release, directory));
  }
  // A link cannot be replaced, a renamed one replaces: there is no moment without `current`.
  const link = path.join(target, `.current-${process.pid}`);
  await rm(link, { force: true });
  await symlink(release.name, link, 'dir');
  await rename(link, path.join(target, 'current'));
  return files;
}

async function copyInto(directory: string, file: string): Promise<string> {
  const copy = path.join(directory, path.basename(file));
  await copyFile(file, copy);
  return copy;
}

/** Each table with its documents, and how many pages they have. */
function indexOf(databasePath: string): Record<string, unknown> {
  const database = new DatabaseSync(databasePath, { readOnly: true });
  try {
    const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
    return Object.fromEntries(
      tables.map(({ name }) => [
        String(name),
        database
          .prepare(
            `SELECT document, count(*) AS pages, sum(words) AS words FROM ${String(name)} GROUP BY document`,
          )
          .all(),
      ]),
    );
  } finally {
    database.close();
  }
}
