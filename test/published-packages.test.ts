import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishedPackages, root } from './published-packages.ts';

// Each package is published from its own directory, so each carries what npm shall show of it.

const packages = publishedPackages();
const versions = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]));

test('all packages have one version', () => {
  expect(new Set(versions.values()).size).toBe(1);
});

test('a user of core, node and registry gets OpenTelemetry, zod and a package of types from others', () => {
  const others = ['core', 'node', 'registry', 'run-id', 'semconv']
    .map((name) => packages.find(({ manifest }) => manifest.name === `@milepost/${name}`))
    .flatMap((one) => Object.keys(one?.manifest.dependencies ?? {}))
    .filter((name) => !/^@(milepost|opentelemetry)\//.test(name));
  expect([...new Set(others)].toSorted()).toEqual(['@standard-schema/spec', 'zod']);
});

describe.for(packages)('$manifest.name', ({ directory, manifest }) => {
  test('carries the licence', () => {
    const licence = (of: string): string => readFileSync(join(of, 'LICENSE'), 'utf8');
    expect(licence(directory)).toBe(licence(root));
    expect(manifest).toMatchObject({ license: 'Apache-2.0' });
  });

  test('depends on the very version of the others that it was tested with', () => {
    const ours = Object.entries(manifest.dependencies ?? {}).filter(([name]) => versions.has(name));
    expect(ours).toEqual(ours.map(([name]) => [name, versions.get(name)]));
  });

  test('is built into the files that it exports', () => {
    for (const entry of Object.values(manifest.exports)) {
      const { '@milepost/source': source, default: built } = entry;
      expect(built).toBe(source.replace('./src/', './dist/').replace(/\.ts$/, '.js'));
    }
  });

  test('ships its build and its sources, for the source maps', () => {
    expect(manifest).toMatchObject({
      type: 'module',
      files: expect.arrayContaining(['dist', 'src', '!dist/*.tsbuildinfo']),
      engines: { node: '>=22.15.0' },
    });
  });
});
