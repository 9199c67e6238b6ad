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

/** Keys of a hub that a record tells by keys of its own. */
const TOLD_APART: ReadonlySet<string> = new Set([
  'job_id',
  'run_id',
  'timestamp',
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

/** Steps that we recorded. */
function recordedSteps(state: RunState): ReadonlySet<unknown> {
  return new Set([
    ...[...state.executions.values()].map(
      ({ started, ended, firstItem }) => (started ?? ended ?? firstItem)?.stage,
    ),
    ...[...state.saved.values()].map(({ step }) => step),
  ]);
}

/**
 * Whether an entry of a hub is one that we wrote: it carries the run ID, which the format's own entries do not. What
 * our journal does not know of is not ours, however it looks: it may come from a journal that was lost.
 */
function isOurs(entry: unknown, step: unknown, recorded: ReadonlySet<unknown>): boolean {
  return isJsonObject(entry) && 'run_id' in entry && recorded.has(step);
}

function hubRecord(
  state: RunState,
  digest: string,
  bytes: Buffer,
  time: number,
): RecordOf<'hub_taken_in'> {
  const hub = parseHub(JSON.parse(bytes.toString('utf8')));
  const recorded = recordedSteps(state);
  const steps = Object.entries(hub.pipeline_steps ?? {}).filter(
    ([step, entry]) => !isOurs(entry, step, recorded),
  );
  const trace = (hub.execution_trace ?? []).filter((entry) => {
    if (!isJsonObject(entry)) return true;
    const { execution_id: executionId } = entry;
    return typeof executionId === 'string'
      ? !state.executions.has(executionId)
      : !isOurs(entry, entry['step'], recorded);
  });
  return {
    kind: 'hub_taken_in',
    time,
    sha256: digest,
    steps: Object.fromEntries(steps),
    keys: without(hub, TOLD_APART),
    trace,
    ...(typeof hub.timestamp === 'string' && { timestamp: hub.timestamp }),
    ...(typeof hub.source?.job_id === 'string' && { source: hub.source }),
  };
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
