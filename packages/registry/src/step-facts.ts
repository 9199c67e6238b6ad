import { ITEMS_KEY_VALUES, type StepState } from '@milepost/semconv/schemas';
import { stateOfEntry, stepEntries } from './describe-run.ts';
import { itemCollectionOf, lastOutcomes } from './item-outcomes.ts';
import { type LoadedRun } from './load-run.ts';
import { type JsonObject, isJsonObject, withFurther, without } from './own-keys.ts';
import { newestForeignSpokes } from './step-parts.ts';

/** What a step of a run says that another run's can be compared with. */
export interface StepFacts {
  readonly state: StepState;
  readonly durationSeconds: number | undefined;
  readonly config: JsonObject;
  readonly counts: JsonObject;
  /** What else was set. */
  readonly fields: JsonObject;
  /** The outcome of each item. */
  readonly items: ReadonlyMap<string, string>;
  /** SHA-256 in hex by path, `{run_id}` in the place of the run's ID; undefined for a file that was not there. */
  readonly outputs: ReadonlyMap<string, string | undefined>;
}

/** Keys that stand in a {@link StepFacts} of their own, or that differ in any case. */
const TOLD: ReadonlySet<string> = new Set([
  'status',
  'state',
  'job_id',
  'run_id',
  'timestamp',
  'job_timestamp',
  'end_time',
  'duration_seconds',
  'metadata_path',
  'pipeline_step',
  'source_job_id',
  'failures',
  'results_summary',
  'config',
  'error',
  'flags',
  'occurrences',
  'outputs',
  ...ITEMS_KEY_VALUES,
]);

function objectIn(content: JsonObject, key: string): JsonObject {
  const value = content[key];
  return isJsonObject(value) ? value : {};
}

/** The outcomes of a step's items: as recorded, else as its list and its failures tell. */
function itemsOf(run: LoadedRun, step: string, content: JsonObject): ReadonlyMap<string, string> {
  const list = itemCollectionOf(content)?.list ?? [];
  const failures: unknown = content['failures'];
  const failed = new Set(
    (Array.isArray(failures) ? failures : []).map((failure: unknown) =>
      isJsonObject(failure) ? failure['id'] : undefined,
    ),
  );
  const state = stateOfEntry(content);
  const listed = state === 'partial' ? 'completed' : state;
  const items = new Map(list.map((id) => [id, failed.has(id) ? 'failed' : listed]));
  const view = run.rendered.stages.get(step);
  const tries = view?.occurrences.flatMap((occurrence) => occurrence.tries) ?? [];
  for (const [id, { last }] of lastOutcomes(tries)) items.set(id, last.status);
  return items;
}

function outputsOf(runId: string, content: JsonObject): ReadonlyMap<string, string | undefined> {
  const { outputs } = content;
  const all: readonly unknown[] = Array.isArray(outputs) ? outputs : [];
  return new Map(
    all.flatMap((output): [string, string | undefined][] => {
      if (!isJsonObject(output) || typeof output['path'] !== 'string') return [];
      const names = output['path'].split('/').map((name) => (name === runId ? '{run_id}' : name));
      const { sha256 } = output;
      return [[names.join('/'), typeof sha256 === 'string' ? sha256 : undefined]];
    }),
  );
}

function factsOf(run: LoadedRun, step: string, content: JsonObject): StepFacts {
  const { duration_seconds: duration } = content;
  return {
    state: stateOfEntry(content),
    durationSeconds: typeof duration === 'number' ? duration : undefined,
    config: objectIn(content, 'config'),
    counts: objectIn(content, 'results_summary'),
    fields: without(content, TOLD),
    items: itemsOf(run, step, content),
    outputs: outputsOf(run.runId, content),
  };
}

/**
 * What each step of a run says, by its name, in the order of the hub: steps that have not begun too.
 * @param hub as a query reads it
 */
export function stepFactsOf(run: LoadedRun, hub: JsonObject): ReadonlyMap<string, StepFacts> {
  const foreign = newestForeignSpokes(run.state);
  const own = new Map(run.rendered.spokes.map(({ step, content }) => [step, content]));
  const entries = new Map([...stepEntries(run.rendered.hub), ...stepEntries(hub)]);
  return new Map(
    [...entries].map(([step, entry]) => {
      const content = withFurther(entry, own.get(step) ?? {}, foreign.get(step)?.content ?? {});
      return [step, factsOf(run, step, content)];
    }),
  );
}
