/** What every run ID has. */
interface RunIdParts {
  /** The run ID as it came. */
  readonly runId: string;
  /** The run ID without its client suffix: what the trace ID follows from. */
  readonly base: string;
}

interface TimedRunIdParts extends RunIdParts {
  /** The time that the ID names, in milliseconds since 1970. */
  readonly timeMs: number;
}

/** `{subdomain}_{unix}_{random}`, or with the date in place of the Unix time. */
export interface SubdomainRunId extends TimedRunIdParts {
  readonly format: 'subdomain';
  /** The subdomain, or the pipeline where the run had none, as the ID spells it. */
  readonly subdomain: string;
  /** Six characters of a-z and 0-9. */
  readonly random: string;
  /** `day` for an ID with a date: its time is the beginning of that day. */
  readonly precision: 'second' | 'day';
}

/** `YYYY-MM-DD_HH-MM-SS` */
export interface TimestampRunId extends TimedRunIdParts {
  readonly format: 'timestamp';
  readonly precision: 'second';
}

/** `YYMMDD-HHMMSS`, of the years 2000 to 2099, with an optional `-{client}`. */
export interface CompactRunId extends TimedRunIdParts {
  readonly format: 'compact';
  readonly client?: string;
  readonly precision: 'second';
}

/** `job_{job}_stream{stream}_{YYYYMMDDHHMMSS}` */
export interface LegacyProcessRunId extends TimedRunIdParts {
  readonly format: 'legacy_process';
  readonly job: string;
  readonly stream: number;
  readonly precision: 'second';
}

/** `job_{job}_bypass_{milliseconds since 1970}` */
export interface LegacyBypassRunId extends TimedRunIdParts {
  readonly format: 'legacy_bypass';
  readonly job: string;
  readonly precision: 'millisecond';
}

/** Any other valid run ID. It tells no time. */
export interface OpaqueRunId extends RunIdParts {
  readonly format: 'opaque';
}

/** A run ID and what its format says, told apart by `format`. */
export type ParsedRunId =
  | SubdomainRunId
  | TimestampRunId
  | CompactRunId
  | LegacyProcessRunId
  | LegacyBypassRunId
  | OpaqueRunId;
