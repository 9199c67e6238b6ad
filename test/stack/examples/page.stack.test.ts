import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunDetail } from '@milepost/registry';
import { type PageQuery, pageQueries } from '../queries.ts';
import { type ExpectedAnswer } from './page-answer.ts';
import { PAGE_ANSWERS } from './page-answers.ts';
import { PAGE_NUMBERS } from './page-numbers.ts';
import { readRecord } from './read-record.ts';
import {
  type StoredValue,
  foundTraces,
  lineValues,
  metricValues,
  storedLines,
} from './stored-run.ts';

// Every query of grafana/README.md answers what the registry has, by numbers that no server had a hand in.

const { stack, runs } = inject('exampleRuns');
// What was sent shows up some time later.
const until = { timeout: 60_000, interval: 500 };

let records: readonly RunDetail[];
beforeAll(async () => {
  records = await Promise.all(runs.map(readRecord));
});

/** The query with all its variables filled in. */
function filledIn({ expr }: PageQuery, variables: ExpectedAnswer['variables'] = {}): string {
  return expr.replaceAll(/\$(?<name>\w+)/g, (whole, name: string) => variables[name] ?? whole);
}

/** Rows by what they are of: of the stages and subdomains of the examples alone, as other tests may send to the same servers. */
function rowsOf(values: readonly StoredValue[]): readonly (readonly [string, number])[] {
  const known = (label: string | undefined, all: readonly (string | undefined)[]): boolean =>
    label === undefined || all.includes(label);
  const stages = records.flatMap(({ executions }) => executions.map(({ stage }) => stage));
  const subdomains = records.map(({ subdomain }) => subdomain);
  return values
    .filter(
      ({ labels }) => known(labels['stage'], stages) && known(labels['subdomain'], subdomains),
    )
    .map(({ labels, value }) => [
      Object.entries(labels)
        .toSorted(([a], [b]) => a.localeCompare(b))
        .map(([, label]) => label)
        .join(' '),
      value,
    ]);
}

/** The log lines of the runs of the examples alone. */
function ownLines(lines: Awaited<ReturnType<typeof storedLines>>): readonly string[] {
  const ids = new Set(runs.map(({ runId }) => runId));
  return lines
    .filter(({ labels }) => ids.has(labels['run_id'] ?? ''))
    .map(({ line }) => line)
    .toSorted();
}

async function answerTo(
  query: PageQuery,
  { variables, values, isOrdered = false, lines }: ExpectedAnswer,
): Promise<unknown> {
  const asked = filledIn(query, variables);
  if (lines !== undefined) return ownLines(await storedLines(stack, asked));
  if (values === undefined) return foundTraces(stack, asked);
  const ask = query.datasource === 'loki' ? lineValues : metricValues;
  const rows = rowsOf(await ask(stack, asked));
  return isOrdered ? rows : Object.fromEntries(rows);
}

function wanted({ values, isOrdered = false, lines, traces }: ExpectedAnswer): unknown {
  if (lines !== undefined) return lines.toSorted();
  if (values === undefined) return traces;
  const rows = values.map(([row, value]) => [row, expect.closeTo(value, 3)] as const);
  return isOrdered ? rows : Object.fromEntries(rows);
}

test('what is checked here is what stands on the page', () => {
  expect(Object.keys(PAGE_ANSWERS)).toEqual(pageQueries().map(({ name }) => name));
});

describe.for(pageQueries())('$name', (query) => {
  test('answers what the registry has', async () => {
    const answers = PAGE_ANSWERS[query.name]?.(records) ?? [];
    expect(answers).not.toEqual([]);
    for (const answer of answers) {
      expect(filledIn(query, answer.variables)).not.toMatch(/\$[a-z]/);
      await expect.poll(() => answerTo(query, answer), until).toEqual(wanted(answer));
    }
  });

  test('answers what the page says of the two runs that it names', () => {
    expect(query.expect).not.toBe('');
    const count = PAGE_NUMBERS[query.name];
    const said = Array.from(query.expect.matchAll(/\b(?<of>demo|civic) (?<number>\d+)/g));
    if (count === undefined) {
      expect(said).toEqual([]);
      return;
    }
    expect(said).not.toEqual([]);
    // `npm run demo -- --pages 0` and `npm run civic -- --text`.
    const demo = records.find(({ subdomain }) => subdomain === 'papers');
    const civic = records.findLast(({ subdomain }) => subdomain === 'alameda');
    const numbers = said.map(({ groups }) => [groups?.['of'], Number(groups?.['number'])]);
    expect(numbers).toEqual(
      numbers.map(([of]) => {
        const run = of === 'demo' ? demo : civic;
        return [of, run && count(run)];
      }),
    );
  });
});
