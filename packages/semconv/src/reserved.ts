import * as attributes from './attributes.ts';
import { labelOf } from './labels.ts';
import { RESOURCE_ATTRIBUTES } from './resource.ts';

/** Top-level keys of a spoke and of a step in the hub, and labels that Loki and Prometheus make themselves. */
const RESERVED_LABELS = [
  'status',
  'job_id',
  'run_id',
  'job_timestamp',
  'timestamp',
  'pipeline_step',
  'metadata_path',
  'source_job_id',
  'citekeys',
  'items',
  'source_items',
  'failures',
  'error',
  'results_summary',
  'config',
  'batching',
  'runpod_jobs',
  'occurrences',
  'outputs',
  'jobs',
  'state',
  'flags',
  'trace_id',
  'span_id',
  'trace_flags',
  'detected_level',
  'severity_text',
  'severity_number',
  'observed_timestamp',
  'scope_name',
  'scope_version',
  'traceback',
  'le',
  'instance',
  'job',
] as const;

// These two are on metrics only, where no field of a user goes.
const METRIC_ONLY: readonly string[] = [attributes.ATTR_NAME, attributes.ATTR_SIGNAL];

const ATTRIBUTE_LABELS = Object.values(attributes)
  .filter((name) => !METRIC_ONLY.includes(name))
  .map(labelOf);

/**
 * Labels that a user's own field must not take. A field that would is renamed to `user.{key}`.
 */
export const RESERVED_FIELD_LABELS: ReadonlySet<string> = new Set([
  ...RESERVED_LABELS,
  ...RESOURCE_ATTRIBUTES.map(labelOf),
  ...ATTRIBUTE_LABELS,
]);
