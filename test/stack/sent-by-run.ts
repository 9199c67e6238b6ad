import { z } from 'zod';
import { runTraceId } from '@milepost/run-id';
import { askUntil, urlWith } from './ask.ts';
import { type Stack } from './start-stack.ts';

/** A log line as Loki has it. */
export interface StoredLine {
  /** In milliseconds since the Unix epoch. */
  readonly time: number;
  readonly line: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A span as Tempo has it; IDs in base64. */
export interface StoredSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId: string;
}

const HOUR_MS = 3_600_000;

/** The log lines of a run, oldest first, when Loki has so many of them. */
export async function linesOfRun(
  { lokiUrl }: Pick<Stack, 'lokiUrl'>,
  runId: string,
  count: number,
  since: number = Date.now() - HOUR_MS,
): Promise<readonly StoredLine[]> {
  const lines = z.object({
    stream: z.record(z.string(), z.string()),
    values: z.array(z.tuple([z.string(), z.string()])),
  });
  const { data } = await askUntil(
    urlWith(`${lokiUrl}/loki/api/v1/query_range`, {
      query: `{service_name="nightly"} | run_id="${runId}"`,
      start: new Date(since).toISOString(),
      direction: 'forward',
      limit: '5000',
    }),
    z.object({
      data: z.object({
        result: z
          .array(lines)
          .refine(
            (streams) => streams.flatMap(({ values }) => values).length === count,
            `${count} lines`,
          ),
      }),
    }),
  );
  return data.result
    .flatMap(({ stream, values }) =>
      values.map(([nanoseconds, line]) => ({
        time: Number(BigInt(nanoseconds) / 1_000_000n),
        line,
        labels: stream,
      })),
    )
    .toSorted((a, b) => a.time - b.time);
}

/** The spans of a run, when Tempo has so many of them. */
export async function spansOfRun(
  { tempoUrl }: Pick<Stack, 'tempoUrl'>,
  runId: string,
  count: number,
): Promise<readonly StoredSpan[]> {
  const span = z.object({
    name: z.string(),
    spanId: z.string(),
    parentSpanId: z.string().default(''),
  });
  const batch = z.object({ scopeSpans: z.array(z.object({ spans: z.array(span) })) });
  // A span that was handed on twice, by a sender that was killed before it heard the answer, is there twice, with one ID.
  const spans = (batches: readonly z.infer<typeof batch>[]): readonly StoredSpan[] => [
    ...new Map(
      batches
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
        .map((one) => [one.spanId, one]),
    ).values(),
  ];
  const { batches } = await askUntil(
    `${tempoUrl}/api/traces/${runTraceId(runId)}`,
    z.object({
      batches: z.array(batch).refine((found) => spans(found).length === count, {
        error: ({ input }) => `${count} spans, not ${spans(z.array(batch).parse(input)).length}`,
      }),
    }),
  );
  return spans(batches);
}

/** Values of an instant query by one label, when there are so many series. */
export async function valuesBy(
  { prometheusUrl }: Pick<Stack, 'prometheusUrl'>,
  query: string,
  label: string,
  isComplete: (values: Readonly<Record<string, number>>) => boolean,
): Promise<Readonly<Record<string, number>>> {
  const series = z.object({
    metric: z.record(z.string(), z.string()),
    value: z.tuple([z.number(), z.string()]),
  });
  const valuesOf = (result: readonly z.infer<typeof series>[]): Readonly<Record<string, number>> =>
    Object.fromEntries(result.map(({ metric, value }) => [metric[label] ?? '', Number(value[1])]));
  const { data } = await askUntil(
    urlWith(`${prometheusUrl}/api/v1/query`, { query }),
    z.object({
      data: z.object({
        result: z.array(series).refine((result) => isComplete(valuesOf(result)), 'all series'),
      }),
    }),
  );
  return valuesOf(data.result);
}
