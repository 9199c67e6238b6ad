import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { STATUS_VALUES } from '@milepost/semconv';
import { type DashboardPanel, dashboardPanels, queriesOfPanel } from '../panels.ts';
import { runProgram } from '../run-program.ts';
import { type Chosen, type Shown, askPanel } from './ask-panel.ts';
import { fieldsOfAnswer } from './fields-of-answer.ts';

// What a panel does with its answer names fields that the answer has: columns, titles, colours, links, legends.

const { stack, runs } = inject('exampleRuns');

// The examples expect no stage again, so nothing of theirs is late.
beforeAll(async () => {
  const root = mkdtempSync(join(tmpdir(), 'milepost-late-'));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl, MILEPOST_ROOT: root };
  await runProgram('seldom.ts', { env, args: ['weekly', '1', 'completes', 'albany'] });
  rmSync(root, { recursive: true });
});

const DAY_SECONDS = 86_400;
const EVERYTHING = { pipeline: '.*', subdomain: '.*', stage: '.*', runId: '' };

/** What answers are asked of: on the dashboard of a run each of them, as no run has everything. */
function choices(dashboard: string): readonly Chosen[] {
  if (dashboard !== 'Run') return [EVERYTHING];
  return runs.map(({ runId }) => ({ ...EVERYTHING, runId }));
}

/** Those of some names that no answer to a panel's queries has as a field. */
async function missingOf(
  panel: DashboardPanel,
  names: readonly string[],
): Promise<readonly string[]> {
  const to = Math.ceil(Date.now() / 1000);
  const shown: Shown = { from: to - DAY_SECONDS, to, step: DAY_SECONDS };
  let missing = names;
  for (const chosen of choices(panel.dashboard)) {
    for (const [index, query] of queriesOfPanel(panel).entries()) {
      if (missing.length === 0) return missing;
      const rows = await askPanel(query, stack, chosen, shown);
      const fields = fieldsOfAnswer(panel, panel.targets[index]?.refId ?? '', rows);
      missing = missing.filter((name) => !fields.includes(name));
    }
  }
  return missing;
}

const chosenColumns = z.object({ include: z.object({ names: z.array(z.string()) }) });
const arranged = z.object({
  indexByName: z.record(z.string(), z.number()),
  renameByName: z.record(z.string(), z.string()),
});
const links = z.array(z.object({ url: z.string() }));

function optionsOf<Options>(
  { transformations }: DashboardPanel,
  id: string,
  schema: z.ZodType<Options>,
): Options {
  return schema.parse(transformations.find((one) => one.id === id)?.options);
}

/** Names of other fields, `${__data.fields.name}`, in the links of a panel's columns. */
function linkedFields({ fieldConfig }: DashboardPanel): readonly string[] {
  const urls = fieldConfig.overrides
    .flatMap(({ properties }) => properties)
    .filter(({ id }) => id === 'links')
    .flatMap(({ value }) => links.parse(value))
    .map(({ url }) => url);
  return urls.flatMap((url) =>
    [...url.matchAll(/\$\{__data\.fields\.(?<name>\w+)/g)].flatMap(
      ({ groups }) => groups?.['name'] ?? [],
    ),
  );
}

// Labels that everything of a stage has. Grafana leaves a link as it is where it names a field that no row has.
const ALWAYS_THERE = ['pipeline', 'stage'];

function overriddenNames({ fieldConfig }: DashboardPanel): readonly unknown[] {
  return fieldConfig.overrides.map(({ matcher }) => matcher.options);
}

const PANELS = dashboardPanels();
const TABLES = PANELS.filter(({ transformations }) => transformations.length > 0);
const TRACES = 'Trace';

test('every table has columns', () => {
  const tables = PANELS.filter(({ type, title }) => type === 'table' && title !== TRACES);
  expect(tables.filter((panel) => !TABLES.includes(panel)).map(({ title }) => title)).toEqual([]);
});

describe.for(TABLES)('$dashboard / $title', (panel) => {
  const { names } = optionsOf(panel, 'filterFieldsByName', chosenColumns).include;
  const { indexByName, renameByName } = optionsOf(panel, 'organize', arranged);
  const titles = Object.values(renameByName);

  test('its columns are fields of its answer', async () => {
    await expect
      .poll(() => missingOf(panel, names), { timeout: 60_000, interval: 1000 })
      .toEqual([]);
  });

  // Before rows are merged all fields go that no column names: the time of each query too.
  test('its transformations come in the order in which they must', () => {
    expect(panel.transformations.map(({ id }) => id)).toEqual([
      'filterFieldsByName',
      ...(panel.targets.length > 1 ? ['merge'] : []),
      'organize',
    ]);
  });

  test('titles, order, looks, links and sorting are of its columns', () => {
    expect(Object.keys(renameByName)).toEqual(names);
    expect(Object.keys(indexByName)).toEqual(names);
    expect(overriddenNames(panel)).toEqual(titles);
    const linked = linkedFields(panel);
    expect(linked.filter((name) => !names.includes(name))).toEqual([]);
    expect(linked.filter((name) => !ALWAYS_THERE.includes(name))).toEqual([]);
    const sorted = panel.options?.sortBy?.map(({ displayName }) => displayName) ?? [];
    expect(sorted.filter((title) => !titles.includes(title))).toEqual([]);
  });
});

const DRAWN = PANELS.filter(({ type }) => ['timeseries', 'heatmap'].includes(type));

// Nothing of these runs is refused: refused.stack.test.ts asks the panel where something is.
const REFUSED = 'Refused behind the collector';

test.for(DRAWN.filter(({ title }) => title !== REFUSED))(
  '$dashboard / $title: the names of its series are made of labels of its answer',
  async (panel) => {
    const legends = panel.targets.flatMap(({ legendFormat = '' }) =>
      [...legendFormat.matchAll(/\{\{(?<name>\w+)\}\}/g)].flatMap(
        ({ groups }) => groups?.['name'] ?? [],
      ),
    );
    expect(await missingOf(panel, legends)).toEqual([]);
  },
);

test.for(DRAWN)('$dashboard / $title: its colours are those of statuses', (panel) => {
  const statuses: readonly unknown[] = STATUS_VALUES;
  expect(overriddenNames(panel).filter((name) => !statuses.includes(name))).toEqual([]);
});
