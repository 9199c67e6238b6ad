import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseHub } from '@milepost/semconv/schemas';
import { spokesOfDirectory } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type JsonObject, isJsonObject, without } from './own-keys.ts';
import { nameOfDirectory } from './path-name.ts';
import { type Problem } from './problem.ts';
import { type RecordOf } from './record-order.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { type RunState } from './run-fold.ts';
import { stepDirectories } from './run-ids.ts';

/** Keys of a hub that we write ourselves: everything else in a hub is someone else's. */
const OUR_HUB_KEYS: ReadonlySet<string> = new Set([
  'job_id',
  'run_id',
  'timestamp',
  'pipeline',
  'subdomain',
  'client_id',
  'parent_run_id',
  'implicit',
  'trace_id',
  'attempt',
  'status',
  'state',
  'end_time',
  'duration_seconds',
  'error',
  'flags',
  'source',
  'pipeline_steps',
  'execution_trace',
]);

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

/** An entry by us carries the run ID; the format's own entries do not. */
function isOurs(entry: unknown, runId: string): boolean {
  return isJsonObject(entry) && (entry['run_id'] === runId || 'execution_id' in entry);
}

function hubRecord(
  state: RunState,
  digest: string,
  bytes: Buffer,
  time: number,
): RecordOf<'hub_taken_in'> {
  const hub = parseHub(JSON.parse(bytes.toString('utf8')));
  const steps = Object.entries(hub.pipeline_steps ?? {}).filter(
    ([, entry]) => !isOurs(entry, state.runId),
  );
  return {
    kind: 'hub_taken_in',
    time,
    sha256: digest,
    steps: Object.fromEntries(steps),
    keys: without(hub, OUR_HUB_KEYS),
    trace: (hub.execution_trace ?? []).filter((entry) => !isOurs(entry, state.runId)),
    ...(typeof hub.timestamp === 'string' && { timestamp: hub.timestamp }),
    ...(typeof hub.source?.job_id === 'string' && { source: hub.source }),
  };
}

/** The step that a directory is of. */
export function stepOfDirectory(directory: string, content: JsonObject): string {
  const told = content['pipeline_step'];
  return nameOfDirectory(directory) ?? (typeof told === 'string' ? told : directory);
}

/** Records of what others wrote about a run, and what could not be read. */
export interface ForeignFindings {
  /** SHA-256 in hex of hub and spokes as they are on disk, by path. */
  readonly digests: ReadonlyMap<string, string>;
  readonly records: readonly (RecordOf<'hub_taken_in'> | RecordOf<'spoke_taken_in'>)[];
  readonly problems: readonly Problem[];
}

/**
 * Looks at hub and spokes of a run: every file with a digest that is neither ours nor known already becomes a record.
 * @param timeOf the time of such a record
 */
export async function findForeign(
  environment: RegistryEnvironment,
  state: RunState,
  timeOf: () => number,
): Promise<ForeignFindings> {
  const { layout } = environment;
  const records: (RecordOf<'hub_taken_in'> | RecordOf<'spoke_taken_in'>)[] = [];
  const problems: Problem[] = [];
  const digests = new Map<string, string>();
  const look = async (
    path: string,
    take: (bytes: Buffer, digest: string) => void,
  ): Promise<void> => {
    try {
      const bytes = await readIfThere(environment, path);
      if (bytes === undefined) return;
      const digest = sha256(bytes);
      digests.set(path, digest);
      if (state.written.get(layout.recorded(path))?.has(digest) !== true) take(bytes, digest);
    } catch (error) {
      problems.push(problemOf(environment, path, error));
    }
  };
  const lookAtHub = look(layout.hub(state.runId), (bytes, digest) => {
    if (!state.foreignHubs.has(digest)) records.push(hubRecord(state, digest, bytes, timeOf()));
  });
  const directories = await stepDirectories(environment, problems);
  const lookAtSpokes = directories.map((directory) => {
    const path = join(spokesOfDirectory(layout.analytics, directory), `${state.runId}.json`);
    return look(path, (bytes, digest) => {
      const content: unknown = JSON.parse(bytes.toString('utf8'));
      if (!isJsonObject(content)) throw new TypeError('expected a JSON object');
      const step = stepOfDirectory(directory, content);
      if (state.foreignSpokes.has(`${step}\0${digest}`)) return;
      records.push({ kind: 'spoke_taken_in', time: timeOf(), sha256: digest, step, content });
    });
  });
  await Promise.all([lookAtHub, ...lookAtSpokes]);
  return { records, digests, problems };
}
