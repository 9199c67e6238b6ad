import { describe, expect, inject, test } from 'vitest';
import { countsOfLines } from './counts-of-lines.ts';
import { countsOfMetrics } from './counts-of-metrics.ts';
import { countsOfRecord } from './counts-of-record.ts';
import { countsOfSpans } from './counts-of-spans.ts';
import { sumOf } from './counts.ts';
import { linesOfRun, storedLines, storedSpans } from './stored-run.ts';

const { stack, runs } = inject('exampleRuns');
// What was sent shows up some time later.
const until = { timeout: 60_000, interval: 500 };

describe.for(runs)('$example, $kind: what the record counts', (run) => {
  test('is what the log lines tell', async () => {
    const recorded = await countsOfRecord(run);
    await expect
      .poll(async () => countsOfLines(await storedLines(stack, linesOfRun(run))), until)
      .toEqual(recorded);
  });

  test('is what the spans of its trace tell', async () => {
    const recorded = await countsOfRecord(run);
    await expect
      .poll(async () => countsOfSpans(await storedSpans(stack, run)), until)
      .toEqual(recorded);
  });
});

test.for([...new Set(runs.map(({ subdomain }) => subdomain))])(
  '%s: what the records of its runs count is what the metrics tell',
  async (subdomain) => {
    const own = runs.filter((run) => run.subdomain === subdomain);
    const recorded = sumOf(await Promise.all(own.map(countsOfRecord)));
    await expect.poll(() => countsOfMetrics(stack, subdomain), until).toEqual(recorded);
  },
);
