import { expect, inject, test } from 'vitest';
import { dashboardPanels, queriesOfPanel } from '../panels.ts';
import { type AnswerRow, type Shown, askPanel } from './ask-panel.ts';

// Whether telemetry arrives, no registry knows: where all of it has arrived, nothing is lost, and nothing waits.

const { stack } = inject('exampleRuns');

type Check = (rows: readonly AnswerRow[]) => boolean;

const isEachAtLast =
  (value: number): Check =>
  (rows) =>
    rows.length > 0 && rows.every(({ values }) => values.at(-1) === value);
const isNeverMoreThanNothing: Check = (rows) =>
  rows.length > 0 && rows.every(({ values }) => values.every((value) => value === 0));
// Counters that are there since the first refusal alone; that they are found then, refused.stack.test.ts sees.
const isNothing: Check = (rows) => rows.length === 0;
const isMoreThanNothing: Check = (rows) =>
  rows.length === 1 && rows.every(({ values }) => values.some((value) => value > 0));

const EXPECTED: Readonly<Record<string, Check>> = {
  'Telemetry / Lost records / A': isNeverMoreThanNothing,
  'Telemetry / Refused behind the collector / A': isNothing,
  'Telemetry / Waiting on the disks of hosts / A': isEachAtLast(0),
  'Telemetry / Size of the spools / A': isEachAtLast(0),
  'Telemetry / Age of what waits / A': isEachAtLast(0),
  "Telemetry / Waiting in the collector's queues / A": isEachAtLast(0),
  'Telemetry / Handed on per second / A': isMoreThanNothing,
  'Telemetry / Handed on per second / B': isMoreThanNothing,
  'Telemetry / Handed on per second / C': isMoreThanNothing,
  'Telemetry / Collector / A': isEachAtLast(1),
};

const QUERIES = dashboardPanels()
  .filter(({ dashboard }) => dashboard === 'Telemetry')
  .flatMap(queriesOfPanel);

test('every panel says what it must answer, and no answer is without a panel', () => {
  expect(QUERIES.map(({ name }) => name).toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
});

test.for(QUERIES)('$name', async (query) => {
  const check = EXPECTED[query.name];
  const nothing = { pipeline: '', subdomain: '', stage: '', runId: '' };
  const shown = (): Shown => {
    const to = Math.ceil(Date.now() / 1000);
    return { from: to - HOUR_SECONDS, to, step: 15 };
  };
  await expect
    .poll(() => askPanel(query, stack, nothing, shown()), { timeout: 60_000, interval: 500 })
    .toSatisfy((rows: readonly AnswerRow[]) => check?.(rows) === true);
});

const HOUR_SECONDS = 3600;
