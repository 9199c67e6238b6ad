import { type WrittenItemsKey } from '@milepost/semconv/schemas';
import { renderExecutionTrace } from './execution-trace.ts';
import { executionsOf } from './executions.ts';
import { isoTime } from './iso-time.ts';
import { type JobView, jobViewsOf, renderJobs } from './job-views.ts';
import {
  type JsonObject,
  defined,
  isJsonObject,
  mergedKeys,
  withFurther,
  without,
} from './own-keys.ts';
import { compareRecords, compareText } from './record-order.ts';
import { type RunState } from './run-fold.ts';
import { type RunOverview, foreignHubKeys, runOverview } from './run-overview.ts';
import { renderSource, sourceOf } from './run-source.ts';
import { type StageView, stageViewsOf } from './stage-view.ts';
import { type StepPart, newestForeignSpokes, stepPartsOf } from './step-parts.ts';

/** What rendering needs besides the state. */
export interface RenderOptions {
  readonly itemsKey: WrittenItemsKey;
  /** Where a hub says that a step's spoke lies. */
  readonly metadataPath: (step: string) => string;
}

/** A spoke of ours as it goes to disk. */
export interface RenderedSpoke {
  readonly step: string;
  /** Whether someone else's file has the usual name. */
  readonly besideForeign: boolean;
  readonly content: JsonObject;
}

/** Everything that is derived from the state of a run. */
export interface RenderedRun {
  readonly overview: RunOverview;
  readonly hub: JsonObject;
  readonly spokes: readonly RenderedSpoke[];
  /** What they were rendered from. */
  readonly stages: ReadonlyMap<string, StageView>;
  readonly jobs: readonly JobView[];
}

/** The JSON text of a derived file. */
export function jsonText(content: JsonObject): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

function outputsOf(state: RunState): ReadonlyMap<string, readonly JsonObject[]> {
  const records = [...state.outputs.values()]
    .filter(({ stage }) => stage !== undefined)
    .toSorted((a, b) => compareText(a.path, b.path) || compareRecords(a, b));
  const byStage = Map.groupBy(records, ({ stage }) => stage ?? '');
  return new Map(
    [...byStage].map(([stage, outputs]) => [
      stage,
      outputs.map(({ path, item_id, size, sha256, missing }) =>
        defined({ path, item_id, size, sha256, missing }),
      ),
    ]),
  );
}

const PENDING: JsonObject = { job_id: null, status: 'pending' };

/** Steps that others declared or wrote in a shape of their own: kept as they are. */
function oddSteps(state: RunState): ReadonlyMap<string, unknown> {
  const odd = new Map<string, unknown>();
  for (const record of [...state.foreignHubs.values()].toSorted(compareRecords)) {
    for (const [step, entry] of Object.entries(record.steps)) {
      if (!isJsonObject(entry)) odd.set(step, entry);
    }
  }
  return odd;
}

/** When a step began, so that those which did not come last. */
function beginOf(parts: readonly StepPart[]): number {
  return parts.find(({ time }) => time > 0)?.time ?? Number.MAX_VALUE;
}

function renderSteps(
  declared: readonly string[],
  parts: ReadonlyMap<string, readonly StepPart[]>,
  state: RunState,
): JsonObject {
  const odd = oddSteps(state);
  const started = [...parts].toSorted(
    ([nameOfA, a], [nameOfB, b]) => beginOf(a) - beginOf(b) || compareText(nameOfA, nameOfB),
  );
  const names = new Set([...declared, ...started.map(([step]) => step), ...odd.keys()]);
  return Object.fromEntries(
    [...names].map((step) => {
      const own = parts.get(step);
      if (own !== undefined) return [step, mergedKeys(own.map(({ hub }) => hub))];
      return [step, odd.has(step) ? odd.get(step) : PENDING];
    }),
  );
}

/** Keys of the hub that tell of the run as a whole: only we write them. */
const OVERVIEW_KEYS: ReadonlySet<string> = new Set([
  'pipeline',
  'subdomain',
  'client_id',
  'parent_run_id',
  'implicit',
  'trace_id',
  'attempt',
  'status',
  'state',
  'end_time',
  'duration_seconds',
  'error',
  'reason',
  'jobs',
  'flags',
]);

function overviewKeys(overview: RunOverview): JsonObject {
  return {
    job_id: overview.runId,
    run_id: overview.runId,
    timestamp: overview.startText ?? isoTime(overview.startTime),
    pipeline: overview.pipeline,
    subdomain: overview.subdomain,
    client_id: overview.clientId,
    parent_run_id: overview.parentRunId,
    implicit: overview.implicit ? true : undefined,
    trace_id: overview.traceId,
    attempt: overview.attempt,
    status: overview.status,
    state: overview.state,
    end_time: overview.endTime === undefined ? undefined : isoTime(overview.endTime),
    duration_seconds: overview.durationSeconds,
    error: overview.error,
    reason: overview.reason,
    flags: overview.flags.length === 0 ? undefined : overview.flags,
  };
}

function renderSpokes(
  parts: ReadonlyMap<string, readonly StepPart[]>,
  state: RunState,
): readonly RenderedSpoke[] {
  const foreign = newestForeignSpokes(state);
  return [...parts].flatMap(([step, all]) => {
    const own = all.map(({ spoke }) => spoke).filter(isJsonObject);
    if (own.length === 0) return [];
    return { step, besideForeign: foreign.has(step), content: mergedKeys(own) };
  });
}

/** Hub and spokes of a run. Pure: the same state gives the same bytes. */
export function renderRun(state: RunState, options: RenderOptions): RenderedRun {
  const { itemsKey, metadataPath } = options;
  const executions = executionsOf(state);
  const jobs = jobViewsOf(state);
  const source = sourceOf(state);
  const outputs = outputsOf(state);
  const stages = stageViewsOf(state, executions, jobs);
  const parts = stepPartsOf(state, stages, (stage) => outputs.get(stage) ?? [], {
    runId: state.runId,
    itemsKey,
    sourceJobId: source.job_id ?? null,
    metadataPath,
  });
  const overview = runOverview(state, parts);
  const ours = defined({
    ...overviewKeys(overview),
    source: renderSource(source, itemsKey),
    pipeline_steps: renderSteps(overview.stages, parts, state),
    execution_trace: renderExecutionTrace(state, executions, parts),
    jobs: renderJobs(jobs),
  });
  return {
    overview,
    hub: withFurther(ours, without(foreignHubKeys(state), OVERVIEW_KEYS)),
    spokes: renderSpokes(parts, state),
    stages,
    jobs,
  };
}
