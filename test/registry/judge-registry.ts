import { existsSync, readFileSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openRegistry } from '@milepost/registry';

/** What is wrong with a run after its writers were killed. */
export interface Judgement {
  /** Items that were acknowledged and are not on record. */
  readonly lost: readonly string[];
  /** Items that are on record more than once, in the journal. */
  readonly duplicates: readonly string[];
  /** Hubs, spokes and links that are there and cannot be read. */
  readonly unreadable: readonly string[];
  /** Hubs that lack items after a rebuild, or do not come back byte for byte when they are deleted. */
  readonly wrongHubs: readonly string[];
}

/** What is in a directory; nothing where it was not made: a writer may be killed before it has written anything. */
function namesIn(directory: string, recursive = false): readonly string[] {
  return existsSync(directory) ? readdirSync(directory, { recursive, encoding: 'utf8' }) : [];
}

/** Items that the lines of a run's journal name, as often as they do, read with nothing of the registry's own. */
function itemsInJournal(root: string, runId: string): readonly string[] {
  const directory = join(root, '.milepost/journal', runId);
  return namesIn(directory).flatMap((name) =>
    readFileSync(join(directory, name), 'utf8')
      .split('\n')
      .flatMap((line) => {
        const item = /"kind":"item_ended".*"item_id":"([^"]+)".*"crc":"[0-9a-f]{8}"\}$/.exec(line);
        return item?.[1] ?? [];
      }),
  );
}

/** How many items the steps of a hub show. */
function itemsInHub(text: string | undefined): number {
  if (text === undefined) return 0;
  const { pipeline_steps: steps } = JSON.parse(text) as {
    pipeline_steps: Record<string, { items?: { total: number } }>;
  };
  return Object.values(steps).reduce((sum, { items }) => sum + (items?.total ?? 0), 0);
}

/** Derived files below a directory that hold no JSON. Temporary files have names of their own, which readers skip. */
function unreadableFiles(root: string): readonly string[] {
  return namesIn(join(root, 'analytics'), true)
    .filter((path) => path.endsWith('.json'))
    .flatMap((path) => {
      try {
        JSON.parse(readFileSync(join(root, 'analytics', path), 'utf8'));
        return [];
      } catch (error) {
        return [`${path}: ${String(error)}`];
      }
    });
}

/** Judges a run of which every writer is gone. */
export async function judgeRun(
  root: string,
  runId: string,
  acknowledged: readonly string[],
): Promise<Judgement> {
  const unreadable = unreadableFiles(root);
  const written = itemsInJournal(root, runId);
  const known = new Set(written);
  await using registry = openRegistry({ root });
  const run = await registry.readRun(runId);
  const shown = run?.items?.total ?? 0;
  await registry.rebuildCentralRegistry();
  const hub = join(root, 'analytics/job_registry', `${runId}.json`);
  const rebuilt = existsSync(hub) ? readFileSync(hub, 'utf8') : undefined;
  if (rebuilt !== undefined) unlinkSync(hub);
  await registry.rebuildCentralRegistry();
  const again = existsSync(hub) ? readFileSync(hub, 'utf8') : undefined;
  return {
    lost: [
      ...acknowledged.filter((item) => !known.has(item)),
      // What the journal has, a reader has to show.
      ...(shown === known.size ? [] : [`${known.size - shown} items not shown`]),
    ],
    duplicates: written.filter((item, index) => written.indexOf(item) !== index),
    unreadable: [
      ...unreadable,
      ...(run?.problems ?? []).map(({ path, message }) => `${path}: ${message}`),
    ],
    wrongHubs: again === rebuilt && itemsInHub(rebuilt) === known.size ? [] : [runId],
  };
}
