import { z } from 'zod';
import { ITEM_STATUS_VALUES, RUN_END_STATUS_VALUES } from '../status.ts';
import { errorRecordSchema } from './error-record.ts';
import { jobEndedSchema, jobStartedSchema } from './job-record.ts';
import { base, flags, json, positive } from './record-parts.ts';
import { repairSchema } from './repair.ts';
import { parseWith } from './schema-error.ts';
import { sourceSchema } from './source-job.ts';
import { workEnd } from './work-end.ts';
import { writerProcess } from './writer-process.ts';

/** Version of the journal's records. Readers keep what they do not know. */
export const JOURNAL_VERSION = 1;

/** First line of a segment: who writes. */
export const segmentOpenedSchema = z.looseObject({
  ...base,
  kind: z.literal('segment_opened'),
  version: z.int().positive(),
  run_id: z.string(),
  writer: z.string(),
  ...writerProcess,
  /** How often the writer sets the segment's time of modification, as long as its run is open. */
  heartbeat_seconds: z.number().optional(),
});

const runIdentity = {
  run_attempt: positive,
  pipeline: z.string(),
  subdomain: z.string().optional(),
  client_id: z.string().optional(),
  parent_run_id: z.string().optional(),
  implicit: z.literal(true).optional(),
  trace_id: z.string(),
  stages: z.array(z.string()),
  /** As the user named it. */
  source: z.string().optional(),
  /** It stays open until somebody ends it, whoever goes away. */
  begun: z.literal(true).optional(),
  fields: json.optional(),
  flags,
};

/** An attempt of the run began. */
export const runStartedSchema = z.looseObject({
  ...base,
  kind: z.literal('run_started'),
  ...runIdentity,
  /** Of its root. Absent where there is no span. */
  span_id: z.string().optional(),
  sampled: z.literal(false).optional(),
});

/** A process adds stages to the run, which began elsewhere. */
export const runJoinedSchema = z.looseObject({
  ...base,
  kind: z.literal('run_joined'),
  ...runIdentity,
  /** When the run began, in milliseconds since the Unix epoch, as far as the process knows. */
  started_at: z.number().optional(),
});

/** An attempt of the run ended. With `repaired` nobody saw it end: an end without takes its place, whenever it comes. */
export const runEndedSchema = z.looseObject({
  ...base,
  kind: z.literal('run_ended'),
  run_attempt: positive,
  status: z.enum(RUN_END_STATUS_VALUES),
  duration_seconds: z.number(),
  error: errorRecordSchema.optional(),
  reason: z.string().optional(),
  repaired: repairSchema.optional(),
  flags,
});

const execution = {
  run_attempt: positive,
  stage: z.string(),
  /** As the process counted that ran it; the fold numbers anew. */
  occurrence: positive,
  attempt: positive,
  /** The key of the execution, and the ID of its span where there is one. */
  execution_id: z.string(),
};

/** An execution of a stage began. */
export const stageStartedSchema = z.looseObject({
  ...base,
  kind: z.literal('stage_started'),
  ...execution,
  parent_execution_id: z.string().optional(),
  /** Of the span around its own, where that is not the one of the execution around it. */
  parent_span_id: z.string().optional(),
  sampled: z.literal(false).optional(),
  fields: json.optional(),
  /** It is spread over jobs, and stays open until somebody ends it. */
  spread: z.literal(true).optional(),
  /** How many jobs it is going to be spread over. */
  expected: z.int().nonnegative().optional(),
  config: json.optional(),
  /** The queue's job in which it began. */
  queue: z.string().optional(),
  job_id: z.string().optional(),
  flags,
});

/** An execution of a stage ended. With `repaired` as in `run_ended`. */
export const stageEndedSchema = z.looseObject({
  ...base,
  kind: z.literal('stage_ended'),
  ...execution,
  parent_execution_id: z.string().optional(),
  ...workEnd,
  repaired: repairSchema.optional(),
  /** The queue's job that ended it, of a stage that is spread over jobs. */
  queue: z.string().optional(),
  job_id: z.string().optional(),
  flags,
});

/** An item ended in an execution. */
export const itemEndedSchema = z.looseObject({
  ...base,
  kind: z.literal('item_ended'),
  ...execution,
  item_id: z.string(),
  status: z.enum(ITEM_STATUS_VALUES),
  duration_seconds: z.number(),
  error: errorRecordSchema.optional(),
  flags,
});

/** A file that the run wrote. */
export const outputRecordedSchema = z.looseObject({
  ...base,
  kind: z.literal('output_recorded'),
  run_attempt: positive,
  stage: z.string().optional(),
  execution_id: z.string().optional(),
  item_id: z.string().optional(),
  /** Relative to the registry's root where it lies inside, else absolute. */
  path: z.string(),
  size: z.int().nonnegative().optional(),
  sha256: z.string().optional(),
  missing: z.literal(true).optional(),
});

/** A step's metadata as the user saved it. */
export const stepSavedSchema = z.looseObject({
  ...base,
  kind: z.literal('step_saved'),
  step: z.string(),
  metadata: json,
  /** SHA-256 in hex of the spoke that it was imported from. */
  imported_from: z.string().optional(),
});

/** The upload that the run's source leads to. */
export const sourceResolvedSchema = z.looseObject({
  ...base,
  kind: z.literal('source_resolved'),
  /** As the run or step named it. */
  named: z.string(),
  source: sourceSchema,
});

/** What others wrote into the hub. */
export const hubTakenInSchema = z.looseObject({
  ...base,
  kind: z.literal('hub_taken_in'),
  /** SHA-256 of the file as found, in hex. */
  sha256: z.string(),
  steps: json,
  keys: json,
  trace: z.array(z.unknown()),
  timestamp: z.string().optional(),
  source: sourceSchema.optional(),
});

/** A spoke that others wrote. */
export const spokeTakenInSchema = z.looseObject({
  ...base,
  kind: z.literal('spoke_taken_in'),
  sha256: z.string(),
  step: z.string(),
  content: json,
});

/** Derived files about to be written, so that a file with another digest is known to be someone else's. */
export const derivedWrittenSchema = z.looseObject({
  ...base,
  kind: z.literal('derived_written'),
  /** SHA-256 in hex by path relative to the registry's root. */
  files: z.record(z.string(), z.string()),
});

/** Spans and logs of repaired ends were handed to OpenTelemetry, so that nobody sends them again by mistake. */
export const repairSentSchema = z.looseObject({
  ...base,
  kind: z.literal('repair_sent'),
  run_attempts: z.array(positive),
  execution_ids: z.array(z.string()),
});

const KNOWN = [
  segmentOpenedSchema,
  runStartedSchema,
  runJoinedSchema,
  runEndedSchema,
  stageStartedSchema,
  stageEndedSchema,
  jobStartedSchema,
  jobEndedSchema,
  itemEndedSchema,
  outputRecordedSchema,
  stepSavedSchema,
  sourceResolvedSchema,
  hubTakenInSchema,
  spokeTakenInSchema,
  derivedWrittenSchema,
  repairSentSchema,
] as const;

/** A record of a kind that this version knows. */
export const knownJournalRecordSchema = z.discriminatedUnion('kind', KNOWN);
/** Without the index signature by which a loose schema lets further keys pass. */
type NamedKeys<T> = T extends unknown
  ? { [Key in keyof T as string extends Key ? never : Key]: T[Key] }
  : never;

/** A record of a kind that this version knows. */
export type KnownJournalRecord = NamedKeys<z.infer<typeof knownJournalRecordSchema>>;

/** Every kind of record that this version knows. */
export const JOURNAL_RECORD_KIND_VALUES: readonly string[] = KNOWN.map(
  (schema) => schema.shape.kind.value,
);

const kinds: ReadonlySet<string> = new Set(JOURNAL_RECORD_KIND_VALUES);

/** A record of a kind that a later version made: kept as it is. */
export interface UnknownJournalRecord {
  readonly kind: 'unknown';
  readonly time: number;
  readonly record: Readonly<Record<string, unknown>>;
}

/** A record of the journal. */
export type JournalRecord = KnownJournalRecord | UnknownJournalRecord;

/** What every kind has. */
const anyRecordSchema = z.object({ kind: z.string(), time: z.number() });
const unknownRecordSchema = z.looseObject(anyRecordSchema.shape);

/**
 * Parses a record of the journal. One of a kind that this version does not know is kept.
 * @throws {SchemaError} `invalid_journal_record`
 */
export function parseJournalRecord(value: unknown): JournalRecord {
  const what = 'journal record';
  const code = 'invalid_journal_record';
  const { kind, time } = parseWith(code, what, anyRecordSchema, value);
  if (kinds.has(kind)) return parseWith(code, `${what} ${kind}`, knownJournalRecordSchema, value);
  return { kind: 'unknown', time, record: parseWith(code, what, unknownRecordSchema, value) };
}
