import { z } from 'zod';
import { urlWith } from '../ask.ts';
import { type PanelQuery } from '../panels.ts';
import { type StackUrls } from './example-runs.ts';

/** What somebody chose above a dashboard: regular expressions, as Grafana writes several values, and a run. */
export interface Chosen {
  readonly pipeline: string;
  readonly subdomain: string;
  readonly stage: string;
  readonly runId: string;
}

/** The time that a dashboard shows, in seconds since the Unix epoch, and the distance of two points. */
export interface Shown {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** A row of an answer: a series of metrics, a line, or a trace. */
export interface AnswerRow {
  readonly labels: Readonly<Record<string, string>>;
  /** Of each point; none of lines and traces. */
  readonly values: readonly number[];
  /** As it is shown, of lines. */
  readonly line?: string;
}

const TRACES_AT_MOST = 100;
const LINES_AT_MOST = 1000;

const labels = z.record(z.string(), z.string());
const sample = z.tuple([z.number(), z.string()]);
const vector = z.object({ metric: labels, value: sample });
const matrix = z.object({ metric: labels, values: z.array(sample) });
const streams = z.object({ stream: labels, values: z.array(z.tuple([z.string(), z.string()])) });
// Without a name as long as the root has not come.
const trace = z.object({ traceID: z.string(), rootTraceName: z.string().default('') });
const answerSchema = z.union([
  z.object({ data: z.object({ result: z.array(z.union([vector, matrix, streams])) }) }),
  z.object({ traces: z.array(trace).default([]) }),
]);

/** Asks a panel's query as Grafana does, with all of its variables replaced. */
export async function askPanel(
  query: PanelQuery,
  stack: StackUrls,
  chosen: Chosen,
  shown: Shown,
): Promise<readonly AnswerRow[]> {
  const response = await fetch(urlOf(query, stack, chosen, shown), {
    headers: { accept: 'application/json' },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${query.name}: ${response.status} ${text.slice(0, 1000)}`);
  const answer = answerSchema.parse(JSON.parse(text));
  if ('traces' in answer) {
    return answer.traces.map(({ traceID, rootTraceName }) => ({
      // Tempo leaves out leading zeros.
      labels: { traceID: traceID.padStart(32, '0'), rootTraceName },
      values: [],
    }));
  }
  return answer.data.result.flatMap((row) => {
    if ('stream' in row) {
      // Lines that could not be written as the query says.
      const { __error_details__: error } = row.stream;
      if (error !== undefined) throw new Error(`${query.name}: ${error}`);
      return row.values.map(([, line]) => ({ labels: row.stream, values: [], line }));
    }
    const samples = 'value' in row ? [row.value] : row.values;
    return [{ labels: row.metric, values: samples.map(([, value]) => Number(value)) }];
  });
}

/** A query with all of Grafana's variables replaced. */
export function interpolated(expr: string, chosen: Chosen, { from, to, step }: Shown): string {
  const values = {
    $__interval: `${step}s`,
    $__range: `${to - from}s`,
    $pipeline: chosen.pipeline,
    $subdomain: chosen.subdomain,
    $stage: chosen.stage,
    $run_id: chosen.runId,
  };
  return Object.entries(values).reduce(
    (text, [variable, value]) => text.replaceAll(variable, value),
    expr,
  );
}

function urlOf(
  { datasource, expr, isInstant }: PanelQuery,
  stack: StackUrls,
  chosen: Chosen,
  shown: Shown,
): string {
  const query = interpolated(expr, chosen, shown);
  const range = { start: String(shown.from), end: String(shown.to) };
  switch (datasource) {
    case 'prometheus':
      return isInstant
        ? urlWith(`${stack.prometheusUrl}/api/v1/query`, { query, time: range.end })
        : urlWith(`${stack.prometheusUrl}/api/v1/query_range`, {
            query,
            ...range,
            step: String(shown.step),
          });
    case 'loki':
      return isInstant
        ? urlWith(`${stack.lokiUrl}/loki/api/v1/query`, { query, time: range.end })
        : urlWith(`${stack.lokiUrl}/loki/api/v1/query_range`, {
            query,
            ...range,
            limit: String(LINES_AT_MOST),
          });
    case 'tempo':
      return urlWith(`${stack.tempoUrl}/api/search`, {
        q: query,
        ...range,
        limit: String(TRACES_AT_MOST),
      });
    default:
      return datasource satisfies never;
  }
}
