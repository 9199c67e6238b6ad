import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WRITTEN_ITEMS_KEY_VALUES, type WrittenItemsKey } from '@milepost/semconv/schemas';
import { isObject } from './is-object.ts';

/** How many hubs are looked at, where the newest does not tell. */
const MAX_HUBS = 20;

/** The key of item collections in a hub or an upload: in its source, its steps, or itself. */
function keyIn(content: unknown): WrittenItemsKey | undefined {
  if (!isObject(content)) return undefined;
  const { source, pipeline_steps: steps } = content;
  const places = [source, ...(isObject(steps) ? Object.values(steps) : []), content];
  for (const place of places) {
    const key = WRITTEN_ITEMS_KEY_VALUES.find((name) => isObject(place) && isObject(place[name]));
    if (key !== undefined) return key;
  }
  return undefined;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith('.json'));
  } catch {
    // There is none, or it cannot be read, which whoever opens the registry says.
    return [];
  }
}

/**
 * The key under which the files of a registry have their item collections, so that no command writes, or expects, them
 * otherwise. Undefined where none tells.
 */
export async function itemsKeyOf(root: string): Promise<WrittenItemsKey | undefined> {
  for (const directory of [
    join(root, 'analytics', 'job_registry'),
    join(root, 'sources', 'job_metadata'),
  ]) {
    const names = (await namesIn(directory)).toSorted().toReversed().slice(0, MAX_HUBS);
    for (const name of new Set(['latest.json', ...names])) {
      try {
        const key = keyIn(JSON.parse(await readFile(join(directory, name), 'utf8')));
        if (key !== undefined) return key;
      } catch {
        // Another one may tell.
      }
    }
  }
  return undefined;
}
