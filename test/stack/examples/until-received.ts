import { z } from 'zod';
import { type RunDetail } from '@milepost/registry';
import { askUntil, urlWith } from '../ask.ts';
import { type StackUrls } from './example-runs.ts';
import { expectedLines } from './expected-lines.ts';

/** Resolves when the servers have what a run, of whose parts some go on, has told until now: its lines, and counts of its items and jobs. */
export async function untilReceived(stack: StackUrls, run: RunDetail): Promise<void> {
  const lines = expectedLines(run).length;
  const items = sum(run.executions.map((execution) => execution.items?.total ?? 0));
  const jobs = run.jobs.filter(({ endTime }) => endTime !== undefined).length;
  const metric = (name: string): string => `sum(${name}{subdomain="${run.subdomain}"})`;
  await Promise.all([
    untilAnswer(
      `${stack.lokiUrl}/loki/api/v1/query`,
      `sum(count_over_time({subdomain="${run.subdomain}"} | run_id="${run.runId}" |~ "^([a-z]+_started|[a-z]+_completed|(Started|Completed) .*)$" [1h]))`,
      lines,
    ),
    untilAnswer(`${stack.prometheusUrl}/api/v1/query`, metric('pipeline_stage_items_total'), items),
    ...(jobs === 0
      ? []
      : [untilAnswer(`${stack.prometheusUrl}/api/v1/query`, metric('pipeline_jobs_total'), jobs)]),
  ]);
}

async function untilAnswer(url: string, query: string, wanted: number): Promise<void> {
  const value = z.object({ value: z.tuple([z.number(), z.literal(String(wanted))]) });
  const answer = z.object({ data: z.object({ result: z.tuple([value]) }) });
  await askUntil(urlWith(url, { query }), answer);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
