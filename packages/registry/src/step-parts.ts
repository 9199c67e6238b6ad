import { ITEMS_KEY_VALUES, type WrittenItemsKey } from '@milepost/semconv/schemas';
import { foreignTime, isoTime, parseTime } from './iso-time.ts';
import { type JsonObject, defined, isJsonObject, withFurther, without } from './own-keys.ts';
import { type RecordOf, compareRecords, compareText } from './record-order.ts';
import { type RunState } from './run-fold.ts';
import { type StageView } from './stage-view.ts';

/**
 * What one side says about a step: the stages that ran here, what was saved of it last, each file of others. The
 * hub shows all parts of a step merged by time, so that the newest word counts and no key is lost.
 */
export interface StepPart {
  readonly origin: 'stage' | 'saved' | 'foreign_spoke' | 'foreign_hub';
  /** In milliseconds since the Unix epoch. */
  readonly time: number;
  /** Keys for the entry of `pipeline_steps`. */
  readonly hub: JsonObject;
  /** Keys for our spoke; undefined for parts of others. */
  readonly spoke: JsonObject | undefined;
}

/** Keys that name a spoke, which its hub's entry does not repeat. */
const IDENTITY: ReadonlySet<string> = new Set([
  'job_id',
  'run_id',
  'job_timestamp',
  'pipeline_step',
  'timestamp',
  'metadata_path',
]);

/** Names of item collections: what a user calls so is none. */
const ITEMS_KEYS: ReadonlySet<string> = new Set(ITEMS_KEY_VALUES);

/** What else rendering a step needs to know about its run. */
export interface StepContext {
  readonly runId: string;
  readonly itemsKey: WrittenItemsKey;
  readonly sourceJobId: string | null;
  readonly metadataPath: (step: string) => string;
}

function occurrenceEntries(view: StageView): readonly JsonObject[] {
  return view.occurrences.map(({ number, last }) =>
    defined({
      occurrence: number,
      attempt: last.attempt,
      execution_id: last.executionId,
      status: last.status,
      state: last.state,
      timestamp: isoTime(last.startTime),
      end_time: last.ended && isoTime(last.ended.time),
      duration_seconds: last.ended?.duration_seconds,
      reason: last.ended?.reason,
      error: last.ended?.error,
    }),
  );
}

function durationOf(view: StageView): number | undefined {
  const [only, ...others] = view.occurrences;
  if (view.endTime === undefined || only === undefined) return undefined;
  if (others.length === 0 && only.tries.length === 1) return only.last.ended?.duration_seconds;
  return (view.endTime - view.startTime) / 1000;
}

/** Keys that hub and spoke have in common, in two groups between which each puts its own. */
function commonKeys(view: StageView, itemsKey: WrittenItemsKey): [JsonObject, JsonObject] {
  const failures = view.items?.failures ?? [];
  return [
    defined({
      end_time: view.endTime === undefined ? undefined : isoTime(view.endTime),
      duration_seconds: durationOf(view),
    }),
    defined({
      [itemsKey]: view.items?.collection,
      failures: failures.length === 0 ? undefined : failures,
      results_summary: Object.keys(view.counts).length === 0 ? undefined : view.counts,
      config: view.config,
      reason: view.reason,
      error: view.error,
      jobs: view.jobs,
      flags: view.flags.length === 0 ? undefined : view.flags,
    }),
  ];
}

/** What `stage.setMetadata` said, with the prefix that fields have too where a name is taken. */
function metadataOf(view: StageView): JsonObject {
  return Object.fromEntries(
    Object.entries(view.metadata).map(([key, value]) => [
      ITEMS_KEYS.has(key) ? `user.${key}` : key,
      value,
    ]),
  );
}

function stagePart(
  view: StageView,
  outputs: readonly JsonObject[],
  context: StepContext,
): StepPart {
  const { runId, itemsKey, sourceJobId } = context;
  const [timing, results] = commonKeys(view, itemsKey);
  const occurrences = occurrenceEntries(view);
  const repeated =
    view.occurrences.length > 1 || view.occurrences.some(({ tries }) => tries.length > 1);
  const hub = {
    job_id: runId,
    run_id: runId,
    status: view.status,
    state: view.state,
    timestamp: isoTime(view.startTime),
    ...timing,
    metadata_path: context.metadataPath(view.stage),
    ...results,
    ...(repeated && { occurrences }),
  };
  const spoke = {
    status: view.status,
    state: view.state,
    job_id: runId,
    run_id: runId,
    job_timestamp: isoTime(view.startTime),
    ...timing,
    pipeline_step: view.stage,
    source_job_id: sourceJobId,
    ...results,
    occurrences,
    ...(outputs.length > 0 && { outputs }),
  };
  // What a spoke calls by a name is not to be set by a user's field in the hub either.
  const fields = without(view.fields, new Set(Object.keys(spoke)));
  return {
    origin: 'stage',
    time: view.changeTime,
    hub: withFurther(hub, fields),
    spoke: withFurther(spoke, fields, metadataOf(view)),
  };
}

function savedPart(record: RecordOf<'step_saved'>, context: StepContext): StepPart {
  const { runId } = context;
  const { metadata, step } = record;
  const timestamp = isoTime(parseTime(metadata['timestamp']) ?? record.time);
  const { status, ...rest } = without(metadata, IDENTITY);
  return {
    origin: 'saved',
    time: record.time,
    hub: {
      job_id: runId,
      run_id: runId,
      status,
      timestamp,
      metadata_path: context.metadataPath(step),
      ...rest,
    },
    spoke: {
      status,
      job_id: runId,
      run_id: runId,
      job_timestamp: timestamp,
      pipeline_step: step,
      ...rest,
    },
  };
}

function foreignSpokePart(record: RecordOf<'spoke_taken_in'>, context: StepContext): StepPart {
  const { content, step } = record;
  const { status, ...rest } = without(content, IDENTITY);
  return {
    origin: 'foreign_spoke',
    time: foreignTime(content) ?? record.time,
    hub: defined({
      job_id: content['job_id'] ?? context.runId,
      status,
      timestamp: content['timestamp'] ?? content['job_timestamp'],
      metadata_path: context.metadataPath(step),
      ...rest,
    }),
    spoke: undefined,
  };
}

function foreignHubPart(record: RecordOf<'hub_taken_in'>, entry: JsonObject): StepPart {
  return {
    origin: 'foreign_hub',
    // A step that has only been planned says nothing against one that ran.
    time: foreignTime(entry) ?? (entry['job_id'] === null ? 0 : record.time),
    hub: entry,
    spoke: undefined,
  };
}

/** The newest foreign spoke of each step: the one that lies on disk. */
export function newestForeignSpokes(
  state: RunState,
): ReadonlyMap<string, RecordOf<'spoke_taken_in'>> {
  const newest = new Map<string, RecordOf<'spoke_taken_in'>>();
  for (const record of [...state.foreignSpokes.values()].toSorted(compareRecords)) {
    newest.set(record.step, record);
  }
  return newest;
}

/** What was saved last of each step: saving again replaces. */
function lastSaved(state: RunState): Iterable<RecordOf<'step_saved'>> {
  const last = new Map<string, RecordOf<'step_saved'>>();
  for (const record of [...state.saved.values()].toSorted(compareRecords)) {
    last.set(record.step, record);
  }
  return last.values();
}

/** Every part of every step of a run, each step's parts from the oldest to the newest. */
export function stepPartsOf(
  state: RunState,
  views: ReadonlyMap<string, StageView>,
  outputs: (stage: string) => readonly JsonObject[],
  context: StepContext,
): ReadonlyMap<string, readonly StepPart[]> {
  const parts = new Map<string, StepPart[]>();
  const add = (step: string, part: StepPart): void => {
    const known = parts.get(step);
    if (known === undefined) parts.set(step, [part]);
    else known.push(part);
  };
  for (const record of [...state.foreignHubs.values()].toSorted(compareRecords)) {
    for (const [step, entry] of Object.entries(record.steps)) {
      if (isJsonObject(entry)) add(step, foreignHubPart(record, entry));
    }
  }
  for (const [step, record] of newestForeignSpokes(state)) {
    add(step, foreignSpokePart(record, context));
  }
  for (const view of views.values()) add(view.stage, stagePart(view, outputs(view.stage), context));
  for (const record of lastSaved(state)) {
    add(record.step, savedPart(record, context));
  }
  return new Map(
    [...parts].map(([step, all]) => [
      step,
      // A stable sort: of one time, the order in which they were added.
      all.toSorted((a, b) => a.time - b.time || compareText(a.origin, b.origin)),
    ]),
  );
}
