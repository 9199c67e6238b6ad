import { z } from 'zod';

/** How a run came out, or what became of it. `killed`: by SIGKILL, all of its processes at once. `running`: it still is. */
export const RUN_KINDS = ['completed', 'partial', 'failed', 'killed', 'running'] as const;
/** See {@link RUN_KINDS}. */
export type RunKind = (typeof RUN_KINDS)[number];

const exampleRunSchema = z.object({
  example: z.enum(['documents', 'civic']),
  kind: z.enum(RUN_KINDS),
  runId: z.string(),
  /** Of each kind of each example its own: what metrics, which name no run, tell of it is of this run, or of the two completed ones. */
  subdomain: z.string(),
  /** The directory of the registry that has its record. */
  root: z.string(),
});

/** A run of an example. */
export type ExampleRun = z.infer<typeof exampleRunSchema>;

const stackUrlsSchema = z.object({
  otlpUrl: z.string(),
  tempoUrl: z.string(),
  lokiUrl: z.string(),
  prometheusUrl: z.string(),
  alertmanagerUrl: z.string(),
  collectorMetricsUrl: z.string(),
});

/** Where the servers are that the runs were sent to. */
export type StackUrls = z.infer<typeof stackUrlsSchema>;

/** See {@link ExampleRuns}. */
export const exampleRunsSchema = z.object({
  stack: stackUrlsSchema,
  /** The registries of the examples: two directories, each with all runs of its example. */
  roots: z.object({ documents: z.string(), civic: z.string() }),
  /**
   * Of each example two completed runs, and one of each other kind. What a killed or running run had to tell until then has
   * been received.
   */
  runs: z.array(exampleRunSchema).readonly(),
});

/** Runs of both examples, and the servers that have what they sent. Plain data. */
export type ExampleRuns = z.infer<typeof exampleRunsSchema>;
