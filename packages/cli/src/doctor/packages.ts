import { readFile, readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DoctorFinding, fine, noteworthy, wrong } from './finding.ts';

/** The one of which two copies lose data: each has providers of its own where their versions differ. */
const API = '@opentelemetry/api';
const OURS = '@milepost/';
const NEEDED_API = /^1\.10\./;

/** One installed copy of a package. */
interface PackageCopy {
  readonly name: string;
  readonly version: string;
  /** Absolute, without symbolic links. */
  readonly directory: string;
}

async function entriesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch {
    // There is none, or none that may be read: nothing is loaded from it.
    return [];
  }
}

/** The directories of the packages in one `node_modules`, by name. */
async function packagesIn(modules: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await entriesOf(modules)) {
    // pnpm keeps each package in a `node_modules` of its own below this.
    if (entry === '.pnpm') {
      for (const store of await entriesOf(join(modules, entry))) {
        found.set(`.pnpm/${store}`, join(modules, entry, store));
      }
    } else if (entry.startsWith('@')) {
      for (const name of await entriesOf(join(modules, entry))) {
        found.set(`${entry}/${name}`, join(modules, entry, name));
      }
    } else if (!entry.startsWith('.')) found.set(entry, join(modules, entry));
  }
  return found;
}

/** @returns undefined where the directory holds no package */
async function versionIn(directory: string): Promise<string | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) return '?';
    return String(manifest.version);
  } catch {
    return undefined;
  }
}

/** Adds what is installed below a directory's `node_modules`, at any depth, through links too. */
async function collect(
  directory: string,
  seen: Set<string>,
  copies: Map<string, PackageCopy>,
): Promise<void> {
  for (const [name, path] of await packagesIn(join(directory, 'node_modules'))) {
    let real: string;
    try {
      real = await realpath(path);
    } catch {
      // A link to nowhere.
      continue;
    }
    if (name === API || name.startsWith(OURS)) {
      const version = await versionIn(real);
      if (version !== undefined) copies.set(real, { name, version, directory: real });
    }
    if (seen.has(real)) continue;
    seen.add(real);
    await collect(real, seen, copies);
  }
}

/** Every copy of the packages that must not be there twice, as a program in a directory could load them. */
async function installedCopies(directory: string): Promise<readonly PackageCopy[]> {
  const copies = new Map<string, PackageCopy>();
  const seen = new Set<string>();
  let current = directory;
  for (;;) {
    await collect(current, seen, copies);
    const parent = dirname(current);
    if (parent === current) return [...copies.values()];
    current = parent;
  }
}

function listed(copies: readonly PackageCopy[]): string {
  return copies.map(({ version, directory }) => `${version} in ${directory}`).join(', ');
}

/** What the copies of one package mean for the telemetry of a program. */
function judgeCopies(name: string, copies: readonly PackageCopy[]): readonly DoctorFinding[] {
  const [first] = copies;
  if (first === undefined) return [];
  const versions = new Set(copies.map(({ version }) => version));
  const message = `${copies.length} copies of ${name}: ${listed(copies)}`;
  if (versions.size > 1) {
    const todo = `Ask for one version of ${name} (npm ls ${name}), then npm dedupe.`;
    // Copies of ours meet in one feed, whatever their versions.
    return [
      name === API
        ? wrong('packages', `${message}: one of them may lose data silently`, todo)
        : noteworthy('packages', message, todo),
    ];
  }
  if (name === API && !NEEDED_API.test(first.version)) {
    return [
      wrong(
        'packages',
        `${name} is ${first.version}, without the logs that Milepost needs`,
        `Install ${name} 1.10.`,
      ),
    ];
  }
  if (copies.length > 1) {
    return [noteworthy('packages', message, 'npm dedupe, before their versions differ.')];
  }
  return name === API ? [fine('packages', `one copy of ${name}, ${first.version}`)] : [];
}

/** Whether a package is installed twice of which two copies do harm. */
export async function checkPackages(directory: string): Promise<readonly DoctorFinding[]> {
  const copies = await installedCopies(directory);
  const byName = Map.groupBy(copies, ({ name }) => name);
  if (!byName.has(API)) {
    return [
      noteworthy(
        'packages',
        `no ${API} is installed for ${directory}`,
        'Type this in the directory of the pipeline.',
      ),
    ];
  }
  return [...byName].flatMap(([name, found]) => judgeCopies(name, found));
}
