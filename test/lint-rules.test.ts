import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

// What `.oxlintrc.json` forbids, held by code that does it: a misspelt rule or a pattern that matches
// nothing would otherwise never be noticed.

const semconv = ['semconv', 'semconv/schemas'];
const core = ['core', 'core/hooks'];

/** What the `src` of each package may import from us: the table of packages in the README. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'run-id': [],
  semconv: [],
  core: ['run-id', 'semconv'],
  delivery: [...semconv],
  registry: ['run-id', ...semconv, ...core],
  node: ['run-id', ...semconv, ...core, 'delivery', 'registry'],
  queue: ['run-id', ...semconv, ...core],
  tracking: ['run-id', ...semconv, 'core', 'registry'],
  documents: ['run-id', ...semconv, 'core'],
  testing: [...semconv, 'core'],
  'not-in-the-table': [],
};
const entryPoints = [...Object.keys(mayImport), 'semconv/schemas', 'core/hooks', 'cli'];

const RESTRICTED = 'eslint(no-restricted-imports)';
const testOf = (call: string): string =>
  `import { expect, test } from 'vitest';\n${call}('it', () => expect(1).toBe(1));`;

/** The rule that must speak, the file it must speak about, and what is in that file. */
const forbidden: readonly (readonly [rule: string, path: string, code: string])[] = [
  ['typescript(no-explicit-any)', 'packages/core/src/a.ts', 'export const a: any = 1;'],
  [
    'typescript(no-non-null-assertion)',
    'packages/core/src/b.ts',
    'export const f = (a?: string): string => a!;',
  ],
  [
    'typescript(no-unsafe-type-assertion)',
    'packages/core/src/c.ts',
    'export const f = (a: unknown): string => a as string;',
  ],
  ['eslint(no-console)', 'packages/core/src/d.ts', "console.log('here');"],
  ['node(no-process-env)', 'packages/core/src/e.ts', "export const a = process.env['A'];"],
  ['import(no-default-export)', 'packages/core/src/f.ts', 'export default 1;'],
  ['typescript(no-floating-promises)', 'packages/core/src/g.ts', 'Promise.resolve();'],
  [
    'typescript(switch-exhaustiveness-check)',
    'packages/core/src/h.ts',
    "export function f(a: 'b' | 'c'): void {\n  switch (a) {\n    case 'b':\n  }\n}",
  ],
  [
    'typescript(consistent-type-imports)',
    'packages/core/src/i.ts',
    "import { Span } from '@opentelemetry/api';\nexport type S = Span;",
  ],
  [
    'import(consistent-type-specifier-style)',
    'packages/core/src/j.ts',
    "import type { Span } from '@opentelemetry/api';\nexport type S = Span;",
  ],
  ['unicorn(prefer-node-protocol)', 'packages/core/src/k.ts', "export { join } from 'path';"],
  ['unicorn(filename-case)', 'packages/core/src/runSpan.ts', 'export const a = 1;'],
  [RESTRICTED, 'packages/core/src/l.ts', "export { a } from '@opentelemetry/sdk-trace';"],
  [RESTRICTED, 'packages/core/src/m.ts', "export { a } from '../../run-id/src/a.ts';"],
  [RESTRICTED, 'packages/core/test/n.test.ts', "export { a } from '@milepost/registry';"],
  [RESTRICTED, 'packages/cli/src/o.ts', "export { a } from '@milepost/core/hooks';"],
  [RESTRICTED, 'examples/documents/src/p.ts', "export { a } from '@milepost/core/hooks';"],
  [RESTRICTED, 'test/q.test.ts', "export { a } from '../packages/run-id/src/a.ts';"],
  ['vitest(no-focused-tests)', 'test/r.test.ts', testOf('test.only')],
  ['vitest(no-disabled-tests)', 'test/s.test.ts', testOf('test.skip')],
  [
    'vitest(expect-expect)',
    'test/t.test.ts',
    "import { test } from 'vitest';\ntest('it', () => {});",
  ],
];

/** What is forbidden elsewhere, where it is right. */
const permitted: readonly (readonly [path: string, code: string])[] = [
  ['packages/cli/src/a.ts', "console.log(process.env['A']);"],
  ['packages/cli/src/b.ts', "export { a } from '@milepost/node';"],
  ['packages/core/src/environment.ts', "export const a = process.env['A'];"],
  ['packages/core/src/deep/b.ts', "export { a } from '../a.ts';"],
  ['packages/core/test/deep/c.test.ts', "export { a } from '../../src/a.ts';"],
  ['packages/core/test/d.test.ts', "export { a } from '@milepost/core/hooks';"],
  ['test/e.test.ts', "export { a } from '@milepost/core/hooks';"],
  ['test/f.test.ts', testOf('test')],
  ['vitest.config.ts', 'export default {};'],
];

interface Finding {
  readonly filename: string;
  readonly code: string;
  readonly message: string;
}

let directory: string;
let findings: readonly Finding[];

const refusedBy = (rule: string, path: string): readonly string[] =>
  findings.filter((f) => f.code === rule && f.filename === path).map((f) => f.message);

beforeAll(async () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  directory = await mkdtemp(join(tmpdir(), 'lint-rules-'));
  await copyFile(join(root, '.oxlintrc.json'), join(directory, '.oxlintrc.json'));
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction');
  const imports = entryPoints.map((name) => `export { a } from '@milepost/${name}';`).join('\n');
  const files: readonly (readonly [path: string, text: string])[] = [
    ['tsconfig.json', JSON.stringify({ compilerOptions: { strict: true, types: ['node'] } })],
    ...Object.keys(mayImport).map((name) => [`packages/${name}/src/imports.ts`, imports] as const),
    ...forbidden.map(([, path, code]) => [path, code] as const),
    ...permitted,
  ];
  for (const [path, text] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const report = await new Promise<string>((resolve) => {
    // Findings end it with exit code 1: what it printed is the result.
    execFile(process.execPath, [oxlint, '--format=json'], { cwd: directory }, (_, stdout) => {
      resolve(stdout);
    });
  });
  findings = JSON.parse(report).diagnostics;
});

afterAll(() => rm(directory, { recursive: true }));

test.for(Object.entries(mayImport))('%s imports only what its row names', ([name, row]) => {
  const refused = refusedBy(RESTRICTED, `packages/${name}/src/imports.ts`)
    .map((message) => message.replace(/^'@milepost\/([^']+)'.*$/, '$1'))
    .filter((entryPoint) => entryPoint !== name && !entryPoint.startsWith(`${name}/`));
  const others = entryPoints.filter((entryPoint) => entryPoint.split('/')[0] !== name);
  expect(refused.toSorted()).toEqual(others.filter((other) => !row.includes(other)).toSorted());
});

test.for(forbidden)('%s speaks about %s', ([rule, path]) => {
  expect(refusedBy(rule, path)).toHaveLength(1);
});

test('what is forbidden elsewhere is let through where it is right', () => {
  const paths = permitted.map(([path]) => path);
  expect(findings.filter(({ filename }) => paths.includes(filename))).toEqual([]);
});
