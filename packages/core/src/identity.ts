/** Which run something belongs to. Plain data, the same object for the whole run in this process. */
export interface RunIdentity {
  readonly runId: string;
  /** 32 hex digits, derived from the run ID. */
  readonly traceId: string;
  /** From 1 on. */
  readonly attempt: number;
  readonly pipeline: string;
  readonly subdomain: string | undefined;
  readonly clientId: string | undefined;
  /** The run inside which this one was started. */
  readonly parentRunId: string | undefined;
  /** True for a run that a stage outside any run made for itself. */
  readonly implicit: boolean;
  /** True where this process adds stages to a run that began elsewhere: it emits no root span and no run metrics. */
  readonly joined: boolean;
  /** The stages that the run declares, in order. */
  readonly stages: readonly string[];
  /** The upload job or earlier run that the run's items came from. */
  readonly source: string | undefined;
  /** When the run began, in milliseconds since the Unix epoch; for a joined run the time of the join where nobody knew. */
  readonly startTime: number;
  /** True for a run of `beginRun`: it stays open until somebody ends it, in whatever process. */
  readonly begun?: boolean;
}

/** Which execution of which stage something belongs to. */
export interface StageIdentity {
  readonly run: RunIdentity;
  readonly name: string;
  /** Which time a stage of this name runs in its run, from 1 on, as counted by this process. */
  readonly occurrence: number;
  /** Which try of that occurrence, from 1 on. */
  readonly attempt: number;
  /** 16 hex digits, random: names this one going through the stage, and its span where there is one. */
  readonly executionId: string;
  /** The execution of the stage around this one, if any. */
  readonly parentExecutionId: string | undefined;
  /** True for a stage of `beginStage`: it is spread over jobs, and stays open until somebody ends it. */
  readonly spread?: boolean;
  /** The queue job in which it began, if any. */
  readonly job?: JobIdentity | undefined;
}

/** Which queue job something belongs to. */
export interface JobIdentity {
  readonly jobId: string;
  readonly parentJobId: string | undefined;
  readonly name: string;
  readonly queue: string;
  /** Which try of the job this is, from 1 on. */
  readonly attempt: number;
}
