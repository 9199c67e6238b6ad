import { z } from 'zod';
import { runTraceId } from '@milepost/run-id';
import { urlWith } from '../ask.ts';
import { type ExampleRun, type StackUrls } from './example-runs.ts';

const HOUR_MS = 3_600_000;

/** A log line as Loki has it. */
export interface StoredLine {
  readonly line: string;
  readonly labels: Readonly<Record<string, string>>;
}

const linesSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({
        stream: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.string(), z.string()])),
      }),
    ),
  }),
});

/** The log lines that Loki has now for a query, or for a run. */
export async function storedLines(
  { lokiUrl }: StackUrls,
  query: string,
): Promise<readonly StoredLine[]> {
  const start = new Date(Date.now() - HOUR_MS).toISOString();
  const { data } = linesSchema.parse(
    await asked(urlWith(`${lokiUrl}/loki/api/v1/query_range`, { query, start, limit: '5000' })),
  );
  return data.result.flatMap(({ stream, values }) =>
    values.map(([, line]) => ({ line, labels: stream })),
  );
}

/** The query that finds the lines of a run. */
export function linesOfRun({ runId }: Pick<ExampleRun, 'runId'>): string {
  return `{service_name=~".+"} | run_id="${runId}"`;
}

/** A span as Tempo has it. IDs in hex. */
export interface StoredSpan {
  readonly name: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const valueSchema = z
  .object({
    stringValue: z.string(),
    intValue: z.coerce.string(),
    doubleValue: z.coerce.string(),
    boolValue: z.coerce.string(),
  })
  .partial()
  .transform(
    ({ stringValue, intValue, doubleValue, boolValue }) =>
      stringValue ?? intValue ?? doubleValue ?? boolValue ?? '',
  );

const idSchema = z
  .string()
  .default('')
  .transform((id) => Buffer.from(id, 'base64').toString('hex'));

const traceSchema = z.object({
  batches: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              name: z.string(),
              spanId: idSchema,
              parentSpanId: idSchema,
              attributes: z
                .array(z.object({ key: z.string(), value: valueSchema }))
                .transform((all) => Object.fromEntries(all.map(({ key, value }) => [key, value]))),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** The spans that Tempo has now in the trace of a run, found by the ID that follows from the run's. */
export async function storedSpans(
  { tempoUrl }: StackUrls,
  { runId }: Pick<ExampleRun, 'runId'>,
): Promise<readonly StoredSpan[]> {
  const answer = await asked(`${tempoUrl}/api/traces/${runTraceId(runId)}`);
  return traceSchema
    .parse(answer)
    .batches.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

const searchSchema = z.object({ traces: z.array(z.object({ traceID: z.string() })) });
const TRACE_ID_LENGTH = 32;

/** IDs of the traces that Tempo finds now, of the last hour. */
export async function foundTraces(
  { tempoUrl }: StackUrls,
  query: string,
): Promise<readonly string[]> {
  const now = Math.floor(Date.now() / 1000);
  const range = { start: String(now - HOUR_MS / 1000), end: String(now + 60) };
  const { traces } = searchSchema.parse(
    await asked(urlWith(`${tempoUrl}/api/search`, { q: query, ...range })),
  );
  return traces.map(({ traceID }) => traceID.padStart(TRACE_ID_LENGTH, '0'));
}

/** A value of an instant query of Prometheus or Loki. */
export interface StoredValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const vectorSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.coerce.number()]),
      }),
    ),
  }),
});

/** What Prometheus answers now. */
export function metricValues(
  { prometheusUrl }: StackUrls,
  query: string,
): Promise<readonly StoredValue[]> {
  return instantValues(`${prometheusUrl}/api/v1/query`, query);
}

/** What Loki answers now to a query for numbers. */
export function lineValues({ lokiUrl }: StackUrls, query: string): Promise<readonly StoredValue[]> {
  return instantValues(`${lokiUrl}/loki/api/v1/query`, query);
}

async function instantValues(url: string, query: string): Promise<readonly StoredValue[]> {
  const { data } = vectorSchema.parse(await asked(urlWith(url, { query })));
  return data.result.map(({ metric, value }) => ({ labels: metric, value: value[1] }));
}

/** @throws Error with the answer, where it is not 200 */
async function asked(url: string): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: 'application/json' } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answers ${response.status} ${text.slice(0, 500)}`);
  return JSON.parse(text);
}
