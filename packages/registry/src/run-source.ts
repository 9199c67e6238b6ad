import { type Source, type WrittenItemsKey } from '@milepost/semconv/schemas';
import { itemCollectionOf } from './item-outcomes.ts';
import { type JsonObject, without } from './own-keys.ts';
import { compareRecords } from './record-order.ts';
import { type RunState } from './run-fold.ts';
import { DIRECTORIES_KEY, FILES_KEY } from './source-files.ts';

const COLLECTIONS: ReadonlySet<string> = new Set([
  'job_id',
  'bucket',
  'endpoint_url',
  'items',
  'source_items',
  'citekeys',
  'checksums',
  // Where its files lay then is its own business.
  FILES_KEY,
  DIRECTORIES_KEY,
]);

/** The source that a run, or else the first of its saved steps, names; undefined where none does. */
export function namedSourceOf(state: RunState): string | undefined {
  const attempts = [...state.attempts].toSorted(([a], [b]) => b - a);
  for (const [, { started, joined }] of attempts) {
    const named = started?.source ?? joined?.source;
    if (named !== undefined) return named;
  }
  const saved = [...state.saved.values()].toSorted(compareRecords);
  const foreign = [...state.foreignSpokes.values()].toSorted(compareRecords);
  for (const content of [...saved.map((r) => r.metadata), ...foreign.map((r) => r.content)]) {
    const named = content['source_job_id'];
    if (typeof named === 'string' && named !== '') return named;
  }
  return undefined;
}

function foreignSourceOf(state: RunState): Source | undefined {
  return [...state.foreignHubs.values()]
    .toSorted(compareRecords)
    .findLast(({ source }) => typeof source?.job_id === 'string')?.source;
}

/** The upload that a run's items came from: as resolved, else as others wrote it, else as named alone. */
export function sourceOf(state: RunState): Source {
  const named = namedSourceOf(state);
  const resolved = named === undefined ? undefined : state.sources.get(named)?.source;
  return resolved ?? foreignSourceOf(state) ?? { job_id: named ?? null };
}

/**
 * The `source` of a hub. A run without a source has an empty one rather than null: readers of the format look into it
 * without asking.
 */
export function renderSource(source: Source, itemsKey: WrittenItemsKey): JsonObject {
  return {
    job_id: source.job_id ?? null,
    bucket: source.bucket ?? null,
    ...(typeof source.endpoint_url === 'string' && { endpoint_url: source.endpoint_url }),
    [itemsKey]: itemCollectionOf(source) ?? { total: 0, list: [] },
    checksums: source.checksums ?? {},
    ...without(source, COLLECTIONS),
  };
}
