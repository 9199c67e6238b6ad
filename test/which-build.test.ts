import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publishedPackages, specifierOf } from './published-packages.ts';

// With MILEPOST_TEST_BUILT=1 the tests shall see the built packages, otherwise the sources. A wrong condition
// would test the other one and nobody would notice: so the module behind a package's name must be the very
// module behind the file.

const built = process.env['MILEPOST_TEST_BUILT'] === '1';
const entryPoints = publishedPackages().flatMap(({ directory, manifest }) =>
  Object.entries(manifest.exports).map(([subpath, entry]) => ({
    specifier: specifierOf(manifest, subpath),
    file: join(directory, built ? entry.default : entry['@milepost/source']),
  })),
);

test.for(entryPoints)(`$specifier is ${built ? 'the built one' : 'its source'}`, async (entry) => {
  // One after the other: vitest may evaluate a module twice when both ask for it at once.
  const byName: unknown = await import(entry.specifier);
  const byFile: unknown = await import(entry.file);
  expect(byName).toBe(byFile);
});
