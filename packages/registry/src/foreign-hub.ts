import { sourceSchema } from '@milepost/semconv/schemas';
import { type JsonObject, isJsonObject, without } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type RecordOf } from './record-order.ts';
import { type RunState } from './run-fold.ts';

/** Steps that we recorded. */
function recordedSteps(state: RunState): ReadonlySet<unknown> {
  return new Set([
    ...[...state.executions.values()].map(
      ({ started, ended, firstItem }) => (started ?? ended ?? firstItem)?.stage,
    ),
    ...[...state.saved.values()].map(({ step }) => step),
  ]);
}

/**
 * Whether an entry of a hub is one that we wrote: it carries the run ID, which the format's own entries do not. What
 * our journal does not know of is not ours, however it looks: it may come from a journal that was lost.
 */
function isOurs(entry: unknown, step: unknown, recorded: ReadonlySet<unknown>): boolean {
  return isJsonObject(entry) && 'run_id' in entry && recorded.has(step);
}

/** What a hub of others says, and which of its parts have a shape that no hub of this run can show. */
export interface ForeignHub {
  readonly record: RecordOf<'hub_taken_in'>;
  readonly odd: readonly string[];
}

/**
 * Takes in a hub of others. Each part is read for itself: one of another shape is kept as it is among the record's
 * `keys`, and hides no other.
 * @throws {SyntaxError} where the text is no JSON
 * @throws {TypeError} where it is no object
 */
export function readForeignHub(
  state: RunState,
  digest: string,
  text: string,
  time: number,
): ForeignHub {
  const hub: unknown = parseJson(text);
  if (!isJsonObject(hub)) throw new TypeError('expected a JSON object');
  const { timestamp, source, pipeline_steps: steps, execution_trace: trace } = hub;
  const knownSource = sourceSchema.safeParse(source);
  const told = new Set(['job_id', 'run_id']);
  const odd: string[] = [];
  const judge = (key: string, fits: boolean): void => {
    if (fits || hub[key] === undefined || hub[key] === null) told.add(key);
    else odd.push(key);
  };
  judge('timestamp', typeof timestamp === 'string');
  judge('source', knownSource.success);
  judge('pipeline_steps', isJsonObject(steps));
  judge('execution_trace', Array.isArray(trace));
  return {
    odd,
    record: {
      kind: 'hub_taken_in',
      time,
      sha256: digest,
      steps: isJsonObject(steps) ? foreignSteps(state, steps) : {},
      keys: without(hub, told),
      trace: Array.isArray(trace) ? foreignTrace(state, trace) : [],
      ...(typeof timestamp === 'string' && { timestamp }),
      ...(typeof knownSource.data?.job_id === 'string' && { source: knownSource.data }),
    },
  };
}

function foreignSteps(state: RunState, steps: JsonObject): JsonObject {
  const recorded = recordedSteps(state);
  return Object.fromEntries(
    Object.entries(steps).filter(([step, entry]) => !isOurs(entry, step, recorded)),
  );
}

function foreignTrace(state: RunState, trace: readonly unknown[]): unknown[] {
  const recorded = recordedSteps(state);
  return trace.filter((entry) => {
    if (!isJsonObject(entry)) return true;
    const { execution_id: executionId } = entry;
    return typeof executionId === 'string'
      ? !state.executions.has(executionId)
      : !isOurs(entry, entry['step'], recorded);
  });
}
