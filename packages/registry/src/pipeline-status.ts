import { stepEntries } from './describe-run.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';

/** Which steps of a job are done. The first six keys are the format's; the others are ours. */
export interface JobPipelineStatus {
  readonly job_id: string;
  readonly timestamp: string | null;
  readonly steps_completed: readonly string[];
  /** Steps that have not ended: planned, running, or failed and to be tried again. */
  readonly steps_pending: readonly string[];
  readonly source_citekeys: readonly string[];
  readonly source_job_id: string | null;
  /** The same list as `source_citekeys`. */
  readonly source_items: readonly string[];
  readonly steps_failed: readonly string[];
  readonly steps_cancelled: readonly string[];
  readonly steps_skipped: readonly string[];
  /** Those of `steps_pending` whose process is gone: nobody will end them. */
  readonly steps_lost: readonly string[];
}

const ENDED: ReadonlySet<unknown> = new Set(['completed', 'failed', 'cancelled', 'skipped']);

/** The status of a job from its hub. */
export function pipelineStatusOf(jobId: string, hub: JsonObject): JobPipelineStatus {
  const steps = stepEntries(hub);
  const withStatus = (status: string): readonly string[] =>
    steps.filter(([, entry]) => entry['status'] === status).map(([step]) => step);
  const source = isJsonObject(hub['source']) ? hub['source'] : {};
  const items = itemCollectionOf(source)?.list ?? [];
  const { timestamp } = hub;
  return {
    job_id: jobId,
    timestamp: typeof timestamp === 'string' ? timestamp : null,
    steps_completed: withStatus('completed'),
    steps_pending: steps.filter(([, entry]) => !ENDED.has(entry['status'])).map(([step]) => step),
    source_citekeys: items,
    source_job_id: typeof source['job_id'] === 'string' ? source['job_id'] : null,
    source_items: items,
    steps_failed: withStatus('failed'),
    steps_cancelled: withStatus('cancelled'),
    steps_skipped: withStatus('skipped'),
    steps_lost: steps.filter(([, entry]) => entry['state'] === 'lost').map(([step]) => step),
  };
}
