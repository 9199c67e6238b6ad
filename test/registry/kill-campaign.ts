import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openRegistry } from '@milepost/registry';
import { judgeRun } from './judge-registry.ts';
import { KilledWriter } from './killed-writer.ts';

/** How a campaign is done. */
export interface CampaignOptions {
  /** How many processes are killed in all. */
  readonly kills: number;
  /** How many record into the same run at once. */
  readonly writers: number;
  /** How many follow one after the other in each place, in the same run, before it is judged. */
  readonly generations: number;
  /** Between 0 and 1: where in its time each is killed. */
  readonly random: () => number;
}

/** What a campaign came to: numbers of processes, runs and items, and what was wrong. */
export interface CampaignReport {
  readonly kills: number;
  readonly runs: number;
  readonly acknowledged: number;
  readonly lost: readonly string[];
  readonly duplicates: readonly string[];
  readonly unreadable: readonly string[];
  readonly wrongHubs: readonly string[];
  /** Looks at the run while it was recorded. */
  readonly looks: number;
  /** Looks that found a hub that is not whole, or less than was acknowledged before. */
  readonly badLooks: readonly string[];
}

/** Most milliseconds that a writer records before it is killed. */
const MAX_LIFE_MS = 300;
const PAUSE_MS = 20;

/** Looks at a run again and again while it is recorded. */
async function watch(
  root: string,
  runId: string,
  acknowledged: () => number,
  signal: AbortSignal,
): Promise<{ readonly looks: number; readonly bad: readonly string[] }> {
  const bad: string[] = [];
  let looks = 0;
  while (!signal.aborted) {
    const known = acknowledged();
    await using reader = openRegistry({ root });
    const run = await reader.readRun(runId);
    const shown = run?.items?.total ?? 0;
    if (shown < known) bad.push(`${runId}: ${shown} items shown, ${known} acknowledged`);
    bad.push(...(run?.problems ?? []).map(({ path, message }) => `${path}: ${message}`));
    try {
      JSON.parse(readFileSync(join(root, 'analytics/job_registry', `${runId}.json`), 'utf8'));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) bad.push(`${runId}: ${String(error)}`);
    }
    looks += 1;
    await setTimeout(PAUSE_MS);
  }
  return { looks, bad };
}

async function killOneAfterTheOther(
  root: string,
  runId: string,
  place: number,
  options: CampaignOptions,
  acknowledged: (() => number)[],
): Promise<readonly string[]> {
  const all: string[] = [];
  const start = (generation: number): KilledWriter => {
    const writer = new KilledWriter(root, runId, `w${place}g${generation}`);
    acknowledged.push(() => writer.acknowledged.length);
    return writer;
  };
  let next: KilledWriter | undefined = start(0);
  for (let generation = 0; next !== undefined; generation += 1) {
    const writer: KilledWriter = next;
    await writer.begin();
    // The next one starts meanwhile.
    next = generation + 1 < options.generations ? start(generation + 1) : undefined;
    // Every other one, as seen over all, is killed after it has acknowledged something.
    if (options.random() < 0.5) await writer.firstAcknowledged;
    await setTimeout(options.random() * MAX_LIFE_MS);
    await writer.kill();
    all.push(...writer.acknowledged);
  }
  return all;
}

/** Kills writers of runs at random moments, and judges what they leave. */
export async function killCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const root = await mkdtemp(join(tmpdir(), 'milepost-kills-'));
  const report = {
    kills: 0,
    runs: 0,
    acknowledged: 0,
    lost: [] as string[],
    duplicates: [] as string[],
    unreadable: [] as string[],
    wrongHubs: [] as string[],
    looks: 0,
    badLooks: [] as string[],
  };
  try {
    while (report.kills < options.kills) {
      const runRoot = join(root, String(report.runs));
      const runId = `kills_${1_737_072_000 + report.runs}_abc123`;
      const counts: (() => number)[] = [];
      const ended = new AbortController();
      const watching = watch(
        runRoot,
        runId,
        () => counts.reduce((sum, count) => sum + count(), 0),
        ended.signal,
      );
      const places = Array.from({ length: options.writers }, (_, place) =>
        killOneAfterTheOther(runRoot, runId, place, options, counts),
      );
      const acknowledged = (await Promise.all(places)).flat();
      ended.abort();
      const { looks, bad } = await watching;
      const judgement = await judgeRun(runRoot, runId, acknowledged);
      report.kills += options.writers * options.generations;
      report.runs += 1;
      report.acknowledged += acknowledged.length;
      report.lost.push(...judgement.lost);
      report.duplicates.push(...judgement.duplicates);
      report.unreadable.push(...judgement.unreadable);
      report.wrongHubs.push(...judgement.wrongHubs);
      report.looks += looks;
      report.badLooks.push(...bad);
      await rm(runRoot, { recursive: true, force: true });
    }
    return report;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
