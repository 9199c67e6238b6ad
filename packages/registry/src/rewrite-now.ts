import { join } from 'node:path';
import { type ForeignFindings, sha256 } from './foreign-files.ts';
import { journalBody } from './journal-line.ts';
import { readJournalSync } from './journal-reader.ts';
import { segmentFile, writeSegmentNow } from './journal-segment.ts';
import { type LatestLinks } from './latest-links.ts';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { type RenderedRun, renderRun } from './render-run.ts';
import { type ResultLinks } from './result-links.ts';
import { RunFiles, derivedRecord } from './run-files.ts';
import { RunFold, type RunState } from './run-fold.ts';

/** Most bytes of a journal that is folded: some ten thousand records. */
const MAX_JOURNAL_BYTES = 4 * 1024 * 1024;
/** No run is begun after that. */
const MAX_TIME_MS = 250;
/** How often a run's files are written anew because others recorded meanwhile. */
const MAX_ROUNDS = 4;

/** The links that are moved with a run's files. */
export interface MovedLinks {
  readonly latest: LatestLinks;
  readonly resultLinks: ResultLinks;
}

/**
 * Writes hub, spokes and links of runs as their journals tell, at once: for a process that is about to exit, so that whoever
 * opens such a file afterwards finds the truth in it. What would take long, and what needs a look at the files of others, is
 * left to the next read or rebuild. Never throws: what fails is reported.
 */
export function rewriteNow(
  environment: RegistryEnvironment,
  links: MovedLinks,
  runIds: readonly string[],
): void {
  const { clock, layout } = environment;
  const start = clock.monotonic();
  for (const runId of runIds) {
    if (clock.monotonic() - start > MAX_TIME_MS) return;
    try {
      rewriteRun(environment, links, runId);
    } catch (error) {
      reportProblem(problemOf(environment, layout.hub(runId), error));
    }
  }
}

function rewriteRun(environment: RegistryEnvironment, links: MovedLinks, runId: string): void {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const before = bytesBySegment(environment, runId);
    const written = rewriteOnce(environment, links, runId, before);
    // Whoever recorded meanwhile may have written the files of that already, and ours have taken their place.
    const grew = [...bytesBySegment(environment, runId)].some(
      ([name, bytes]) => name !== written && bytes > (before.get(name) ?? 0),
    );
    if (!grew) return;
  }
}

/** @returns the segment that was written for it */
function rewriteOnce(
  environment: RegistryEnvironment,
  links: MovedLinks,
  runId: string,
  segments: ReadonlyMap<string, number>,
): string | undefined {
  const { fs, clock, layout, itemsKey } = environment;
  const bytes = [...segments.values()].reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_JOURNAL_BYTES) return undefined;
  const state = new RunFold(runId);
  readJournalSync(fs, layout.journal(runId), (record) => state.add(record));
  const metadataPath = (step: string): string => layout.metadataPath(step, runId);
  const run = renderRun(state, { itemsKey, metadataPath });
  const found = ownFiles(environment, run, state);
  if (found === undefined) return undefined;
  const files = new RunFiles(environment, links.latest, runId);
  const stale = files.stale(run, state, found);
  const record = derivedRecord(stale, state, () => clock.now());
  // Truth first: no file tells what the journal does not.
  const writer = record && writeSegmentNow(environment, runId, [journalBody(record)]);
  files.writeNow(stale, run.overview.startTime);
  links.resultLinks.moveNow(runId, run.overview.startTime, links.resultLinks.due(state));
  return writer && segmentFile(writer);
}

function bytesBySegment(
  { fs, layout }: RegistryEnvironment,
  runId: string,
): ReadonlyMap<string, number> {
  const directory = layout.journal(runId);
  const names = fs.sync.readdir(directory);
  return new Map(names.map((name) => [name, fs.sync.lstat(join(directory, name)).size]));
}

/** What is on disk where this run's files go; undefined where something there is not ours and not known. */
function ownFiles(
  { fs, layout }: RegistryEnvironment,
  run: RenderedRun,
  state: RunState,
): ForeignFindings | undefined {
  const digests = new Map<string, string>();
  const places = run.spokes.flatMap(({ step }) => [
    layout.spoke(step, state.runId),
    layout.spokeBesideForeign(step, state.runId),
  ]);
  const known = new Set([...state.foreignHubs.values()].map((record) => record.sha256));
  for (const { sha256: digest } of state.foreignSpokes.values()) known.add(digest);
  for (const path of [layout.hub(state.runId), ...places]) {
    try {
      const digest = sha256(fs.sync.readFile(path));
      const isOurs = state.written.get(layout.recorded(path))?.has(digest) === true;
      if (!isOurs && !known.has(digest)) return undefined;
      digests.set(path, digest);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    }
  }
  return { digests, records: [], unread: new Set(), hubsAside: 0, problems: [] };
}
