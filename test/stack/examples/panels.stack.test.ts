import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunDetail } from '@milepost/registry';
import { type PanelQuery, dashboardPanels, queriesOfPanel } from '../panels.ts';
import { runProgram } from '../run-program.ts';
import { type AnswerRow, type Chosen, type Shown, askPanel } from './ask-panel.ts';
import { EXPECTED_ANSWERS, type ExpectedAnswer, LATE } from './expected-answers.ts';
import { readRecords } from './read-records.ts';
import { type ExpectedRow, keyOf, sumOf } from './tally.ts';

// Every panel of every dashboard answers what the registry has, by numbers that no server of the stack had a hand in.

const { stack, roots, runs: exampleRuns } = inject('exampleRuns');

let lateRoot: string;
let recorded: readonly RunDetail[];

beforeAll(async () => {
  lateRoot = mkdtempSync(join(tmpdir(), 'milepost-late-'));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl, MILEPOST_ROOT: lateRoot };
  const args = [LATE.pipeline, String(LATE.intervalSeconds)];
  await runProgram('seldom.ts', { env, args: [...args, 'fails'] });
  await runProgram('seldom.ts', { env, args: [...args, 'completes'] });
  const all = await Promise.all([roots.documents, roots.civic, lateRoot].map(readRecords));
  recorded = all.flat();
});
afterAll(() => rmSync(lateRoot, { recursive: true, force: true }));

/** From before the first run until now. */
function shownNow(): Shown {
  const first = Math.min(...recorded.map(({ startTime }) => startTime));
  const from = Math.floor(first / 1000) - 60;
  const to = Math.ceil(Date.now() / 1000);
  return { from, to, step: PART_SECONDS };
}

const PART_SECONDS = 30;

/** One point that stands for all of the time shown. */
function asOnePoint({ from, to }: Shown): Shown {
  return { from, to: from, step: to - from };
}

const EVERYTHING = {
  pipeline: `(documents|minutes|${LATE.pipeline})`,
  subdomain: '.*',
  stage: '.*',
  runId: '',
};
const ONE_STAGE = { pipeline: 'minutes', subdomain: 'berkeley', stage: 'ocr', runId: '' };

/** The records of what is chosen, as if there were nothing else. */
function recordsOf({ pipeline, subdomain, stage, runId }: Chosen): readonly RunDetail[] {
  const matches = (pattern: string, text = ''): boolean => new RegExp(`^(${pattern})$`).test(text);
  if (runId !== '') return recorded.filter((run) => run.runId === runId);
  return recorded
    .filter((run) => matches(pipeline, run.pipeline) && matches(subdomain, run.subdomain))
    .map((run) => ({
      ...run,
      executions: run.executions.filter((execution) => matches(stage, execution.stage)),
      jobs: run.jobs.filter((job) => matches(stage, job.stage)),
    }));
}

type Values = Readonly<Record<string, number | string>>;

/** What an answer has, by its labels. A value that lies between the expected ones is written as these are. */
function found(
  rows: readonly AnswerRow[],
  expected: readonly ExpectedRow[],
  { asks, by }: ExpectedAnswer,
): Values {
  const values: Record<string, number | string> = {};
  for (const row of rows) {
    const key = keyOf(Object.fromEntries(by.map((name) => [name, row.labels[name]])));
    const isCounted = asks === 'lines' || asks === 'traces';
    const value = isCounted ? Number(values[key] ?? 0) + 1 : sumOf(row.values);
    if (value !== 0 && !Number.isNaN(value)) values[key] = value;
  }
  for (const { labels, value } of expected) {
    const key = keyOf(labels);
    const got = values[key];
    if (typeof value === 'number' || typeof got !== 'number') continue;
    if (got >= value.from && got <= value.to) values[key] = written(value);
  }
  return values;
}

function written(value: ExpectedRow['value']): number | string {
  return typeof value === 'number' ? value : `${value.from} to ${value.to}`;
}

function wanted(rows: readonly ExpectedRow[]): Values {
  return Object.fromEntries(
    rows
      .filter(({ value }) => value !== 0)
      .map(({ labels, value }) => [keyOf(labels), written(value)]),
  );
}

/** Asks until the answer is right: what was sent last may still be on its way. */
async function expectAnswer(
  query: PanelQuery,
  answer: ExpectedAnswer,
  chosen: Chosen,
  shown: () => Shown,
): Promise<Values> {
  let last: Values = {};
  await expect
    .poll(
      async () => {
        const asked = shown();
        const rows = answer.rows(recordsOf(chosen), asked.to * 1000);
        last = wanted(rows);
        const got = found(await askPanel(query, stack, chosen, asked), rows, answer);
        return { got, wanted: last };
      },
      { timeout: 60_000, interval: 500 },
    )
    .toSatisfy(({ got, wanted: all }: { got: Values; wanted: Values }) => {
      expect(got).toEqual(all);
      return true;
    });
  return last;
}

const PANELS = dashboardPanels().filter(({ dashboard }) => dashboard !== 'Telemetry');
const QUERIES = PANELS.flatMap(queriesOfPanel);
const OF_RUN = QUERIES.filter(({ name }) => name.startsWith('Run / '));
const OF_STAGES = QUERIES.filter(({ name }) => !name.startsWith('Run / '));

test('every panel says what it must answer, and no answer is without a panel', () => {
  expect(QUERIES.map(({ name }) => name).toSorted()).toEqual(
    Object.keys(EXPECTED_ANSWERS).toSorted(),
  );
});

function answerOf({ name }: PanelQuery): ExpectedAnswer {
  const answer = EXPECTED_ANSWERS[name];
  if (answer === undefined) throw new Error(`nothing says what ${name} must answer`);
  return answer;
}

describe.for(OF_STAGES)('$name', (query) => {
  const shown = (): Shown =>
    ['whole', 'parts'].includes(answerOf(query).asks) ? asOnePoint(shownNow()) : shownNow();

  test('of everything', async () => {
    expect(await expectAnswer(query, answerOf(query), EVERYTHING, shown)).not.toEqual({});
  });

  test('of one stage of one subdomain', async () => {
    await expectAnswer(query, answerOf(query), ONE_STAGE, shown);
  });
});

const ADDING_UP = OF_STAGES.filter((query) => EXPECTED_ANSWERS[query.name]?.asks === 'parts');

test.for(ADDING_UP)('$name, of everything, in many points', async (query) => {
  await expectAnswer(query, answerOf(query), EVERYTHING, shownNow);
});

describe.for(OF_RUN)('$name, by run ID', (query) => {
  test('of each run', async () => {
    const all: Values[] = [];
    for (const { runId } of exampleRuns) {
      all.push(await expectAnswer(query, answerOf(query), { ...EVERYTHING, runId }, shownNow));
    }
    expect(all.some((values) => Object.keys(values).length > 0)).toBe(true);
  });

  test.for(['', 'alameda_1737072000_abc123'])('nothing of the run ID "%s"', async (runId) => {
    expect(await askPanel(query, stack, { ...EVERYTHING, runId }, shownNow())).toEqual([]);
  });
});

test('failures of a run tell file, page and job', async () => {
  const query = OF_RUN.find(({ name }) => name === 'Run / Failures / A');
  const { runId = '' } =
    exampleRuns.find(({ example, kind }) => example === 'civic' && kind === 'partial') ?? {};
  const failed = recordsOf({ ...EVERYTHING, runId }).flatMap(({ jobs }) =>
    jobs.filter(({ state }) => state === 'failed'),
  );
  const places = failed.map(
    ({ jobId, fields }) =>
      `| ${String(fields['pdf_path'])} page ${String(fields['page_number'])} | job ${jobId}`,
  );
  expect(places).toHaveLength(1);
  if (query === undefined) throw new Error('the dashboard of a run has no failures');
  await expect
    .poll(
      async () => {
        const rows = await askPanel(query, stack, { ...EVERYTHING, runId }, shownNow());
        return places.filter((place) => !rows.some(({ line = '' }) => line.endsWith(place)));
      },
      { timeout: 60_000, interval: 500 },
    )
    .toEqual([]);
});
