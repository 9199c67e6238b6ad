import { setTimeout } from 'node:timers/promises';
import { stepEntries } from './describe-run.ts';
import { type Finding, finding } from './finding.ts';
import { sha256 } from './foreign-files.ts';
import { JournalReader } from './journal-reader.ts';
import { type LoadedRun, loadRun } from './load-run.ts';
import { codeOf } from './node-error.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { segmentsIn } from './prune-places.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { jsonText, renderRun } from './render-run.ts';
import { RunFold, type RunState } from './run-fold.ts';
import { lacksEnd } from './run-liveness.ts';
import { isOfOthers } from './run-of-others.ts';
import { newestForeignSpokes } from './step-parts.ts';

/** How often, and how long, a process is waited for that may be about to bring a file up to date. */
const MAX_WAITS = 2;
const WAIT_MS = 400;

/** A file as the fold says that it should be. */
interface Expected {
  readonly what: string;
  readonly path: string;
  readonly content: JsonObject;
}

/** What the journal alone tells: what others wrote since is no part of what we wrote. */
async function foldedJournal(
  { fs, layout }: RegistryEnvironment,
  runId: string,
): Promise<RunState> {
  const fold = new RunFold(runId);
  await new JournalReader(fs, layout.journal(runId)).read((record) => fold.add(record));
  return fold;
}

function expectedFiles(
  { layout, itemsKey }: RegistryEnvironment,
  state: RunState,
): readonly Expected[] {
  const { runId } = state;
  const metadataPath = (step: string): string => layout.metadataPath(step, runId);
  const rendered = renderRun(state, { itemsKey, metadataPath });
  const hub = { what: 'hub', path: layout.hub(runId), content: rendered.hub };
  const spokes = rendered.spokes.map(({ step, besideForeign, content }) => {
    const usual = layout.spoke(step, runId);
    const beside = layout.spokeBesideForeign(step, runId);
    const wrote = (path: string): boolean => state.written.has(layout.recorded(path));
    // What others have in the usual place, and nobody can read, stays there too.
    const isBeside = besideForeign || (wrote(beside) && !wrote(usual));
    return { what: 'spoke', path: isBeside ? beside : usual, content };
  });
  return [hub, ...spokes];
}

async function verifyFile(
  { fs, layout }: RegistryEnvironment,
  { runId, written }: RunState,
  { what, path, content }: Expected,
  journalIsWhole: boolean,
): Promise<Finding | undefined> {
  const recorded = layout.recorded(path);
  let digest: string;
  try {
    digest = sha256(await fs.readFile(path));
  } catch (error) {
    const code = codeOf(error);
    // Whoever loads the run says what else is wrong with it.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined;
    const message = `the ${what} is not there; a rebuild makes it from the journal`;
    return finding('missing', recorded, runId, message);
  }
  if (digest === sha256(jsonText(content))) return undefined;
  if (written.get(recorded)?.has(digest) === true) {
    const next = journalIsWhole
      ? 'a rebuild brings it up to date'
      : 'it may tell what the journal has lost: keep a copy before anything writes it anew';
    const message = `the ${what} is not what the journal tells now; ${next}`;
    return finding('stale', recorded, runId, message);
  }
  const message = `the ${what} has bytes that Milepost never wrote; a rebuild takes in what others added, and writes it anew`;
  return finding('changed', recorded, runId, message);
}

async function verifyOnce(
  environment: RegistryEnvironment,
  run: LoadedRun,
  journalIsWhole: boolean,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const state = await foldedJournal(environment, run.runId);
  for (const expected of expectedFiles(environment, state)) {
    const found = await verifyFile(environment, state, expected, journalIsWhole);
    if (found !== undefined) findings.push(found);
  }
  // Files of a run that goes on are behind its journal for a while.
  const goesOn = lacksEnd(run.state) && run.liveness?.lost === undefined;
  return goesOn ? findings.filter(({ kind }) => kind === 'changed') : findings;
}

/** Whether a journal has any file of records, or may have. */
async function hasSegments(environment: RegistryEnvironment, runId: string): Promise<boolean> {
  try {
    const segments = await segmentsIn(environment, environment.layout.journal(runId));
    return segments !== undefined && Object.keys(segments).length > 0;
  } catch {
    // It is there, and cannot be listed: whoever loads the run says so.
    return true;
  }
}

/** Looks whether a hub that others wrote tells of every step that has a spoke. */
async function verifyForeignHub(
  environment: RegistryEnvironment,
  run: LoadedRun,
): Promise<readonly Finding[]> {
  const { fs, layout } = environment;
  const path = layout.hub(run.runId);
  let hub: unknown;
  try {
    hub = parseJson((await fs.readFile(path)).toString('utf8'));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return [];
    const message = 'the hub is not there; a rebuild makes it from the spokes';
    return [finding('missing', layout.recorded(path), run.runId, message)];
  }
  if (isJsonObject(hub) && hub['run_id'] === run.runId && 'state' in hub) {
    const isThere = await hasSegments(environment, run.runId);
    const what = isThere ? 'nothing of its journal can be read' : 'its journal is not there';
    const message = `Milepost wrote the hub, and ${what} any more`;
    return [finding('journal_missing', layout.recorded(path), run.runId, message)];
  }
  const steps = isJsonObject(hub) ? new Map(stepEntries(hub)) : new Map<string, JsonObject>();
  const lacking = [...newestForeignSpokes(run.state).keys()].filter((step) => {
    const entry = steps.get(step);
    return entry === undefined || entry['job_id'] === null;
  });
  if (lacking.length === 0) return [];
  const message = `the hub does not tell of ${lacking.join(', ')}; a rebuild completes it from the spokes`;
  return [finding('incomplete', layout.recorded(path), run.runId, message)];
}

/** Whether nothing is on record but what others wrote, and the hub that lies there is theirs. */
async function hubIsOfOthers(
  { fs, layout }: RegistryEnvironment,
  { runId, state }: LoadedRun,
): Promise<boolean> {
  if (!isOfOthers(state)) return false;
  const path = layout.hub(runId);
  try {
    const digest = sha256(await fs.readFile(path));
    return state.written.get(layout.recorded(path))?.has(digest) !== true;
  } catch (error) {
    // What is there and cannot be read is told of the run.
    return codeOf(error) !== 'ENOENT';
  }
}

/** Looks whether hub and spokes of a run are, byte for byte, what its journal tells. */
export async function verifyDerived(
  environment: RegistryEnvironment,
  run: LoadedRun,
  journalIsWhole: boolean,
): Promise<readonly Finding[]> {
  if (!run.hasJournal || (await hubIsOfOthers(environment, run))) {
    return verifyForeignHub(environment, run);
  }
  let findings = await verifyOnce(environment, run, journalIsWhole);
  for (let wait = 0; findings.length > 0 && wait < MAX_WAITS; wait += 1) {
    await setTimeout(WAIT_MS);
    const again = await loadRun(environment, run.runId);
    findings = again === undefined ? [] : await verifyOnce(environment, again, journalIsWhole);
  }
  return findings;
}
