import { foreignTime, parseTime } from './iso-time.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { type RecordOf, canonicalText } from './record-order.ts';
import { type RunState } from './run-fold.ts';
import { type Zoned } from './time-zone.ts';

type HubRecord = RecordOf<'hub_taken_in'>;
type SpokeRecord = RecordOf<'spoke_taken_in'>;
type SavedRecord = RecordOf<'step_saved'>;

/** Hub and spokes of a job as others wrote them. */
export interface LegacyJob {
  readonly hub: HubRecord | undefined;
  readonly spokes: readonly SpokeRecord[];
}

/** A hub that says it was made so much later than one of its steps was made anew: that time is not the job's. */
const MADE_ANEW_MS = 60_000;
/** What a step without a status was, as writers of the format have it. */
const DEFAULT_STATUS = 'completed';
/** Keys by which a hub's entry names its step, or that it has of its own. */
const OF_THE_HUB: ReadonlySet<string> = new Set(['job_id', 'run_id', 'timestamp', 'metadata_path']);
const TIMES = ['timestamp', 'job_timestamp'] as const;

function zonedText(text: unknown, zoned: Zoned): unknown {
  return typeof text === 'string' ? zoned(text) : text;
}

/** What others wrote, with the zone of its own time stamps. Those in what is nested are not ours to understand. */
export function withZone(content: JsonObject, zoned: Zoned): JsonObject {
  const times = TIMES.filter((key) => typeof content[key] === 'string');
  return {
    ...content,
    ...Object.fromEntries(times.map((key) => [key, zonedText(content[key], zoned)])),
  };
}

/** A hub's record with the zone of its time stamps. */
export function zonedHub(record: HubRecord, zoned: Zoned): HubRecord {
  const zonedEntry = (entry: unknown): unknown =>
    isJsonObject(entry) ? withZone(entry, zoned) : entry;
  return {
    ...record,
    steps: Object.fromEntries(
      Object.entries(record.steps).map(([step, entry]) => [step, zonedEntry(entry)]),
    ),
    trace: record.trace.map(zonedEntry),
    ...(record.timestamp !== undefined && { timestamp: zoned(record.timestamp) }),
  };
}

/** The same of a spoke's record. */
export function zonedSpoke(record: SpokeRecord, zoned: Zoned): SpokeRecord {
  return { ...record, content: withZone(record.content, zoned) };
}

/** The entry of a hub that belongs to a step; undefined for what is none. */
function entryOf(hub: HubRecord | undefined, step: string): JsonObject | undefined {
  const entry = hub?.steps[step];
  return isJsonObject(entry) ? entry : undefined;
}

/** Whether a hub's entry says nothing but what the step's spoke does. */
function repeats(entry: JsonObject, runId: string, metadata: JsonObject): boolean {
  return (
    entry['job_id'] === runId &&
    Object.entries(entry).every(
      ([key, value]) =>
        OF_THE_HUB.has(key) || canonicalText(metadata[key]) === canonicalText(value),
    )
  );
}

/** Whether an entry of a trace says nothing but that a step ran, and how it ended. */
function isPlainTrace(entry: JsonObject, runId: string, metadata: JsonObject): boolean {
  return (
    Object.keys(entry).every((key) => ['step', 'job_id', 'timestamp', 'status'].includes(key)) &&
    entry['job_id'] === runId &&
    entry['status'] === metadata['status']
  );
}

function savedRecord(
  spoke: SpokeRecord,
  entry: JsonObject | undefined,
  otherwise: number,
): SavedRecord {
  const { step, content, sha256 } = spoke;
  const status = content['status'] ?? entry?.['status'] ?? DEFAULT_STATUS;
  return {
    kind: 'step_saved',
    time: foreignTime(content) ?? (entry && foreignTime(entry)) ?? otherwise,
    step,
    metadata: { ...content, status },
    imported_from: sha256,
  };
}

/** The time stamp of a job: its hub's, unless that was made anew. */
function timestampOf(hub: HubRecord, spokes: readonly SpokeRecord[]): string | undefined {
  const told = parseTime(hub.timestamp);
  let first = { time: told ?? Number.POSITIVE_INFINITY, text: hub.timestamp };
  for (const { content } of spokes) {
    const text = TIMES.map((key) => content[key]).find((value) => parseTime(value) !== undefined);
    const time = parseTime(text);
    if (typeof text !== 'string' || time === undefined) continue;
    if (time + (told === undefined ? 0 : MADE_ANEW_MS) < first.time) first = { time, text };
  }
  return first.text;
}

/** Which of a hub's and spokes' records a run does not have. */
export function newOf(state: RunState, { hub, spokes }: LegacyJob, hubPath: string): LegacyJob {
  const imported = new Set(
    [...state.saved.values()].map(({ step, imported_from }) => `${step}\0${imported_from ?? ''}`),
  );
  const isKnown = ({ step, sha256 }: SpokeRecord): boolean =>
    imported.has(`${step}\0${sha256}`) || state.foreignSpokes.has(`${step}\0${sha256}`);
  const hubIsKnown =
    hub === undefined ||
    state.foreignHubs.has(hub.sha256) ||
    state.written.get(hubPath)?.has(hub.sha256) === true;
  return { hub: hubIsKnown ? undefined : hub, spokes: spokes.filter((spoke) => !isKnown(spoke)) };
}

/** Whether a run has spokes of a job with times of another zone. */
export function hasOtherZone(state: RunState, { spokes }: LegacyJob): boolean {
  const saved = [...state.saved.values()];
  return spokes.some(({ step, sha256, content }) => {
    const time = foreignTime(content);
    if (time === undefined) return false;
    const inPlace = state.foreignSpokes.get(`${step}\0${sha256}`);
    const known =
      inPlace === undefined
        ? saved.find((record) => record.step === step && record.imported_from === sha256)?.time
        : foreignTime(inPlace.content);
    return known !== undefined && known !== time;
  });
}

/**
 * The records by which a job of another directory becomes one of ours: each spoke a step that was saved then; of the hub
 * what no spoke says. So a step has the time of its spoke: those in a hub may be of the day on which it was made anew.
 * @param job hub and spokes of the job
 * @param news those of them that are new
 * @param otherwise the time of what tells none, in milliseconds since the Unix epoch
 */
export function importRecords(
  runId: string,
  job: LegacyJob,
  news: LegacyJob,
  otherwise: number,
): readonly (SavedRecord | HubRecord)[] {
  const saved = new Map(
    job.spokes.map((spoke) => [
      spoke.step,
      savedRecord(spoke, entryOf(job.hub, spoke.step), otherwise),
    ]),
  );
  const steps = news.spokes.flatMap(({ step }) => saved.get(step) ?? []);
  if (news.hub === undefined) return steps;
  const told = (step: unknown): JsonObject | undefined =>
    typeof step === 'string' ? saved.get(step)?.metadata : undefined;
  const { timestamp: _, ...hub } = news.hub;
  const timestamp = timestampOf(news.hub, job.spokes);
  return [
    ...steps,
    {
      ...hub,
      ...(timestamp !== undefined && { timestamp }),
      steps: Object.fromEntries(
        Object.entries(hub.steps).filter(([step, entry]) => {
          const metadata = told(step);
          return metadata === undefined || !isJsonObject(entry) || !repeats(entry, runId, metadata);
        }),
      ),
      trace: hub.trace.filter((entry) => {
        const metadata = isJsonObject(entry) ? told(entry['step']) : undefined;
        return (
          metadata === undefined || !isJsonObject(entry) || !isPlainTrace(entry, runId, metadata)
        );
      }),
    },
  ];
}
