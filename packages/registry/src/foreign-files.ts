import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readForeignHub } from './foreign-hub.ts';
import { spokesOfDirectory } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { nameOfDirectory } from './path-name.ts';
import { type Problem } from './problem.ts';
import { type RecordOf } from './record-order.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { type RunState } from './run-fold.ts';
import { stepDirectories } from './run-ids.ts';
import { type SpokeAside, filesAside } from './set-aside.ts';

/** SHA-256 in hex. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

async function readIfThere(
  environment: RegistryEnvironment,
  path: string,
): Promise<Buffer | undefined> {
  try {
    return await environment.fs.readFile(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The step that a directory is of. */
function stepOfDirectory(directory: string, content: JsonObject): string {
  const told = content['pipeline_step'];
  return nameOfDirectory(directory) ?? (typeof told === 'string' ? told : directory);
}

/** Records of what others wrote about a run, and what could not be read. */
export interface ForeignFindings {
  /** SHA-256 in hex of hub and spokes as they are on disk, by path. */
  readonly digests: ReadonlyMap<string, string>;
  readonly records: readonly (RecordOf<'hub_taken_in'> | RecordOf<'spoke_taken_in'>)[];
  /** Paths of files that are not ours, and say more than the records do: nothing may take their place. */
  readonly unread: ReadonlySet<string>;
  /** How many hubs that were set aside tell something. */
  readonly hubsAside: number;
  readonly problems: readonly Problem[];
}

/**
 * Looks at hub and spokes of a run: every file with a digest that is neither ours nor known already becomes a record.
 * @param timeOf the time of such a record
 * @param readAgain reads what the journal has got since it was read for the state
 */
export async function findForeign(
  environment: RegistryEnvironment,
  state: RunState,
  timeOf: () => number,
  readAgain: () => Promise<unknown> = () => Promise.resolve(),
): Promise<ForeignFindings> {
  const { layout } = environment;
  const records: (RecordOf<'hub_taken_in'> | RecordOf<'spoke_taken_in'>)[] = [];
  const problems: Problem[] = [];
  const digests = new Map<string, string>();
  const unread = new Set<string>();
  const takes: (() => void)[] = [];
  const known = new Set([...state.foreignSpokes.values()].map((record) => record.sha256));
  let hasUnknown = false;
  const guarded = async (path: string, work: () => void | Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      unread.add(path);
      problems.push(problemOf(environment, path, error));
    }
  };
  const look = (path: string, take: (bytes: Buffer, digest: string) => void): Promise<void> =>
    guarded(path, async () => {
      const bytes = await readIfThere(environment, path);
      if (bytes === undefined) return;
      const digest = sha256(bytes);
      digests.set(path, digest);
      const isOurs = (): boolean => state.written.get(layout.recorded(path))?.has(digest) === true;
      if (isOurs()) return;
      hasUnknown ||= !known.has(digest) && !state.foreignHubs.has(digest);
      takes.push(() => void guarded(path, () => (isOurs() ? undefined : take(bytes, digest))));
    });
  const lookAtHub = look(layout.hub(state.runId), (bytes, digest) => {
    if (state.foreignHubs.has(digest)) return;
    const { record, odd } = readForeignHub(state, digest, bytes.toString('utf8'), timeOf());
    records.push(record);
    if (odd.length > 0) throw new TypeError(`not the shape of a hub: ${odd.join(', ')}`);
  });
  const directories = await stepDirectories(environment, problems);
  const lookAtSpokes = directories.map((directory) => {
    const path = join(spokesOfDirectory(layout.analytics, directory), `${state.runId}.json`);
    return look(path, (bytes, digest) => {
      const content: unknown = parseJson(bytes.toString('utf8'));
      if (!isJsonObject(content)) throw new TypeError('expected a JSON object');
      const step = stepOfDirectory(directory, content);
      if (state.foreignSpokes.has(`${step}\0${digest}`)) return;
      records.push({ kind: 'spoke_taken_in', time: timeOf(), sha256: digest, step, content });
    });
  });
  await Promise.all([lookAtHub, ...lookAtSpokes]);
  // What one of us wrote since the journal was read, the journal told of before.
  if (hasUnknown) await readAgain();
  for (const take of takes) take();
  const aside = await filesAside(environment, state.runId).catch((error: unknown) => {
    problems.push(problemOf(environment, layout.setAside(state.runId), error));
    return { hubs: [], spokes: [] };
  });
  const hubs = await hubsFinishedAside(environment, state, aside.hubs, records, timeOf);
  records.push(...hubs);
  records.push(...(await spokesFinishedAside(environment, state, aside.spokes, records, timeOf)));
  return { records, digests, unread, problems, hubsAside: hubs.length };
}

/** Records of hubs that were set aside half-written, and whose writer finished them there. */
async function hubsFinishedAside(
  environment: RegistryEnvironment,
  state: RunState,
  paths: readonly string[],
  found: readonly { readonly sha256: string }[],
  timeOf: () => number,
): Promise<readonly RecordOf<'hub_taken_in'>[]> {
  const records: RecordOf<'hub_taken_in'>[] = [];
  const hub = environment.layout.recorded(environment.layout.hub(state.runId));
  for (const path of paths) {
    try {
      const bytes = await environment.fs.readFile(path);
      const digest = sha256(bytes);
      const known = [...found, ...records].some((record) => record.sha256 === digest);
      if (known || state.foreignHubs.has(digest)) continue;
      if (state.written.get(hub)?.has(digest) === true) continue;
      records.push(readForeignHub(state, digest, bytes.toString('utf8'), timeOf()).record);
    } catch {
      // As damaged as when it was set aside, which was reported then.
    }
  }
  return records;
}

/** The same of spokes. */
async function spokesFinishedAside(
  { fs, layout }: RegistryEnvironment,
  state: RunState,
  spokes: readonly SpokeAside[],
  found: readonly { readonly sha256: string }[],
  timeOf: () => number,
): Promise<readonly RecordOf<'spoke_taken_in'>[]> {
  const records: RecordOf<'spoke_taken_in'>[] = [];
  for (const { directory, path } of spokes) {
    try {
      const bytes = await fs.readFile(path);
      const digest = sha256(bytes);
      if ([...found, ...records].some((record) => record.sha256 === digest)) continue;
      const usual = join(spokesOfDirectory(layout.analytics, directory), `${state.runId}.json`);
      if (state.written.get(layout.recorded(usual))?.has(digest) === true) continue;
      const content: unknown = parseJson(bytes.toString('utf8'));
      if (!isJsonObject(content)) continue;
      const step = stepOfDirectory(directory, content);
      if (state.foreignSpokes.has(`${step}\0${digest}`)) continue;
      records.push({ kind: 'spoke_taken_in', time: timeOf(), sha256: digest, step, content });
    } catch {
      // As damaged as when it was set aside, which was reported then.
    }
  }
  return records;
}
