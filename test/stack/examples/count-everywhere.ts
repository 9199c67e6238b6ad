import { countsOfLines } from './counts-of-lines.ts';
import { countsOfMetrics } from './counts-of-metrics.ts';
import { countsOfRecord } from './counts-of-record.ts';
import { countsOfSpans } from './counts-of-spans.ts';
import { type Counts, sumOf } from './counts.ts';
import { type ExampleRun, type StackUrls } from './example-runs.ts';
import { linesOfRun, storedLines, storedSpans } from './stored-run.ts';

/** What each of those that keep it counts of the same runs. */
export interface CountsEverywhere {
  readonly registry: Counts;
  readonly loki: Counts;
  readonly tempo: Counts;
  readonly prometheus: Counts;
}

/** Counts all runs of a subdomain, as of now. */
export async function countEverywhere(
  stack: StackUrls,
  subdomain: string,
  runs: readonly ExampleRun[],
): Promise<CountsEverywhere> {
  const own = runs.filter((run) => run.subdomain === subdomain);
  const sumOver = async (count: (run: ExampleRun) => Promise<Counts>): Promise<Counts> =>
    sumOf(await Promise.all(own.map(count)));
  return {
    registry: await sumOver(countsOfRecord),
    loki: await sumOver(async (run) => countsOfLines(await storedLines(stack, linesOfRun(run)))),
    tempo: await sumOver(async (run) => countsOfSpans(await storedSpans(stack, run))),
    prometheus: await countsOfMetrics(stack, subdomain),
  };
}
