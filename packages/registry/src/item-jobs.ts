import { stateOfEntry, stepEntries } from './describe-run.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';

/** One job that touched an item, in the words of the registry format. */
export interface ItemJob {
  readonly job_id: string;
  /** `source (upload)` for an upload. */
  readonly step: string;
  /** Of the step, not of the item. */
  readonly status: string;
  /** `failed` where the item itself failed in the step. */
  readonly item_status?: 'failed';
}

/** The step under which an upload is listed. */
export const UPLOAD_STEP = 'source (upload)';

function hasFailed(entry: JsonObject, itemId: string): boolean {
  const { failures } = entry;
  return (
    Array.isArray(failures) &&
    failures.some((failure: unknown) => isJsonObject(failure) && failure['id'] === itemId)
  );
}

/** The upload that a hub or source job tells of, where it holds the item. */
export function uploadOfItem(source: JsonObject, itemId: string): ItemJob | undefined {
  const { job_id: jobId, status } = source;
  if (typeof jobId !== 'string') return undefined;
  if (itemCollectionOf(source)?.list?.includes(itemId) !== true) return undefined;
  return {
    job_id: jobId,
    step: UPLOAD_STEP,
    status: typeof status === 'string' ? status : 'completed',
  };
}

/** The steps of a hub whose list holds the item. */
export function stepsOfItem(jobId: string, hub: JsonObject, itemId: string): readonly ItemJob[] {
  return stepEntries(hub).flatMap(([step, entry]) => {
    if (itemCollectionOf(entry)?.list?.includes(itemId) !== true) return [];
    const { status } = entry;
    return {
      job_id: jobId,
      step,
      status: typeof status === 'string' ? status : stateOfEntry(entry),
      ...(hasFailed(entry, itemId) && ({ item_status: 'failed' } as const)),
    };
  });
}
