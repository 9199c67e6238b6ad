import { isRunId } from '@milepost/run-id';
import { type Source, parseSourceJob } from '@milepost/semconv/schemas';
import { JournalReader } from './journal-reader.ts';
import { codeOf } from './node-error.ts';
import { isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type RecordOf } from './record-order.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { RunFold, type RunState } from './run-fold.ts';
import { namedSourceOf, sourceOf } from './run-source.ts';

/** How many runs a chain may pass before it counts as endless. */
const MAX_CHAIN = 100;

async function readJson(environment: RegistryEnvironment, path: string): Promise<unknown> {
  try {
    return parseJson((await environment.fs.readFile(path)).toString('utf8'));
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      reportProblem(problemOf(environment, path, error));
    }
    return undefined;
  }
}

async function uploadOf(
  environment: RegistryEnvironment,
  jobId: string,
): Promise<Source | undefined> {
  const path = environment.layout.source(jobId);
  const job = await readJson(environment, path);
  if (job === undefined) return undefined;
  try {
    return { job_id: jobId, ...parseSourceJob(job) };
  } catch (error) {
    reportProblem(problemOf(environment, path, error));
    return undefined;
  }
}

/** The source that an earlier run names, by its journal, else by its hub. */
async function nextOf(
  environment: RegistryEnvironment,
  runId: string,
): Promise<Source | string | undefined> {
  const fold = new RunFold(runId);
  const { fs, layout } = environment;
  await new JournalReader(fs, layout.journal(runId)).read((record) => fold.add(record));
  const named = namedSourceOf(fold) ?? sourceOf(fold).job_id;
  if (typeof named === 'string') return named;
  const hub = await readJson(environment, layout.hub(runId));
  const source = isJsonObject(hub) ? hub['source'] : undefined;
  return isJsonObject(source) && typeof source['job_id'] === 'string' ? source : undefined;
}

/** The upload that a source leads to: the upload job of that ID, or the one at the end of a chain of runs. */
export async function followSource(
  environment: RegistryEnvironment,
  named: string,
): Promise<Source | undefined> {
  const seen = new Set<string>();
  let jobId = named;
  while (isRunId(jobId) && !seen.has(jobId) && seen.size < MAX_CHAIN) {
    seen.add(jobId);
    const upload = await uploadOf(environment, jobId);
    if (upload !== undefined) return upload;
    const next = await nextOf(environment, jobId);
    if (next === undefined) return undefined;
    if (typeof next !== 'string') return next;
    jobId = next;
  }
  return undefined;
}

/** The record of the upload that a run's source leads to, unless it is known or not to be found yet. */
export async function resolveSource(
  environment: RegistryEnvironment,
  state: RunState,
  timeOf: () => number,
): Promise<RecordOf<'source_resolved'> | undefined> {
  const named = namedSourceOf(state);
  if (named === undefined || state.sources.has(named) || named === state.runId) return undefined;
  const source = await followSource(environment, named);
  return source === undefined
    ? undefined
    : { kind: 'source_resolved', time: timeOf(), named, source };
}
