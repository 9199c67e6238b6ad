import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { METRICS, type MetricDefinition, labelOf } from '@milepost/semconv';

const SUFFIXES: ReadonlyMap<string, string> = new Map([
  ['s', '_seconds'],
  ['By', '_bytes'],
]);

function rowOf({ name, kind, unit, description, attributes }: MetricDefinition): string[] {
  const label = `${labelOf(name)}${SUFFIXES.get(unit) ?? ''}${kind === 'counter' ? '_total' : ''}`;
  return [
    `\`${name}\``,
    `${kind}${unit === '' ? '' : `, \`${unit}\``}`,
    description,
    attributes.map((attribute) => `\`${attribute}\``).join(', '),
    `\`${label}\``,
  ];
}

test('its table has every metric, as it is exported and as Prometheus calls it', async () => {
  const readme = await readFile(join(import.meta.dirname, '..', 'README.md'), 'utf8');
  const rows = readme
    .split('\n')
    .filter((line) => line.startsWith('| `pipeline.'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  expect(rows).toEqual(METRICS.map(rowOf));
});
