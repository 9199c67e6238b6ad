import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { askUntil, urlWith } from '../ask.ts';
import { dashboardVariables } from '../panels.ts';
import { readRecords } from './read-records.ts';

const { stack, roots } = inject('exampleRuns');

const LABEL_VALUES = /^label_values\((?<series>.+), (?<label>\w+)\)$/;

/** Where Grafana asks for the values of a variable, with `minutes` chosen as the pipeline. */
function urlOf(query: string): string {
  const { series = '', label = '' } = LABEL_VALUES.exec(query)?.groups ?? {};
  return urlWith(`${stack.prometheusUrl}/api/v1/label/${label}/values`, {
    'match[]': series.replaceAll('$pipeline', 'minutes'),
  });
}

test.for(dashboardVariables())('$dashboard: $name offers what there is', async (variable) => {
  const runs = await readRecords(roots.civic);
  const all = {
    pipeline: ['minutes'],
    subdomain: runs.flatMap(({ subdomain }) => subdomain ?? []),
    stage: runs.flatMap(({ executions }) => executions.map(({ stage }) => stage)),
  };
  const expected = new Set(Object.entries(all).find(([name]) => name === variable.name)?.[1]);
  const isRight = (values: readonly string[]): boolean =>
    variable.name === 'pipeline'
      ? values.includes('minutes')
      : values.toSorted().join() === [...expected].toSorted().join();
  const { data } = await askUntil(
    urlOf(variable.query),
    z.object({ data: z.array(z.string()).refine(isRight, [...expected].join()) }),
  );
  expect(data.length).toBeGreaterThanOrEqual(expected.size);
});
