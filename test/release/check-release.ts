import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { publishedPackages, root } from '../published-packages.ts';
import { compileProgram, faultsOfContents, installConsumer, runProgram } from './consumer.ts';
import { installNode } from './node-binary.ts';
import { requireOneVersionEach } from './one-version.ts';
import { pack, type PackedPackage } from './pack.ts';
import { npm, onNode, type Output } from './run.ts';
import { Steps } from './steps.ts';

// The slow part of the checks: the packages as they are published, on other versions of Node and TypeScript.
// `npm run check:release` runs it; the exit code says whether all went well, and nothing is left behind.

/** The oldest Node that the packages run on, and the newest. */
const NODES = ['22.15.0', '26'];
/** Compilers that shall understand the published declarations. */
const COMPILERS = ['5.9', '7'];

const packages = publishedPackages();
const { devDependencies }: { devDependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

/** Runs a tool of the workspace, given as its path in `node_modules`. */
const useTool = (
  path: string,
  args: readonly string[],
  { node = process.execPath, env = {} } = {},
): Promise<Output> => onNode(node, [join(root, 'node_modules', path), ...args], { cwd: root, env });

async function buildAndPack(into: string): Promise<readonly PackedPackage[]> {
  const directories = packages.map(({ directory }) => directory);
  // The compiler leaves what it built of a source that is gone: it would be published.
  await Promise.all(
    directories.map((one) => rm(join(one, 'dist'), { recursive: true, force: true })),
  );
  await useTool('typescript/bin/tsc', ['--build', ...directories]);
  return Promise.all(packages.map((one) => pack(one, into)));
}

/** Runs the tests of the packages against what was built. Gives vitest's count of them. */
async function testBuilt(node: string): Promise<string> {
  const tests = ['packages/', 'test/which-build', 'test/public-names'];
  const args = ['run', '--config', 'test/vitest.config.ts', '--reporter=dot', ...tests];
  const env = { MILEPOST_TEST_BUILT: '1' };
  const { stdout } = await useTool('vitest/vitest.mjs', args, { node, env });
  return /^ *Tests +(.*)$/m.exec(stripVTControlCharacters(stdout))?.[1] ?? 'no count of tests';
}

async function checkRelease(steps: Steps, temporary: string): Promise<void> {
  await steps.run(
    'one version of OpenTelemetry in the workspace',
    async () => requireOneVersionEach(join(root, 'package-lock.json')),
    (count) => `${count} packages`,
  );

  const packed = await steps.run(
    'build from nothing and pack',
    () => buildAndPack(temporary),
    (tarballs) => tarballs.map(({ manifest }) => manifest.name).join(' '),
  );
  // After the build: without `dist`, dependencies of types alone count as unused.
  await steps.run('nothing unused, nothing undeclared (knip)', async () => {
    await useTool('knip/bin/knip.js', []);
    // What ships may use only what its own manifest declares, not what the workspace has besides.
    await useTool('knip/bin/knip.js', ['--production', '--strict', '--dependencies']);
  });
  for (const { manifest, tarball } of packed ?? []) {
    await steps.run(`publint, attw: ${manifest.name}`, async () => {
      await useTool('publint/src/cli.js', ['run', tarball, '--strict']);
      await useTool('@arethetypeswrong/cli/dist/index.js', [tarball, '--profile=esm-only']);
    });
  }

  const consumer = join(temporary, 'consumer');
  const installed = await steps.run('install the tarballs outside the workspace', async () => {
    if (packed === undefined) throw new Error('There are no tarballs.');
    await installConsumer(consumer, packed, devDependencies);
    const faults = packed.flatMap((one) => faultsOfContents(consumer, one));
    if (faults.length > 0) throw new Error(faults.join('\n'));
    return true;
  });
  if (installed) {
    await steps.run(
      'one version of OpenTelemetry in what a user installs',
      async () => requireOneVersionEach(join(consumer, 'package-lock.json')),
      (count) => `${count} packages`,
    );
    for (const version of COMPILERS) {
      await steps.run(`a program of the user compiles under TypeScript ${version}`, async () => {
        const directory = join(temporary, `typescript-${version}`);
        await npm(['install', '--prefix', directory, `typescript@${version}`], { cwd: temporary });
        await compileProgram(consumer, join(directory, 'node_modules/typescript/bin/tsc'));
      });
    }
  }

  for (const range of NODES) {
    const binary = await steps.run(
      `bring Node ${range}`,
      () => installNode(range, join(temporary, `node-${range}`)),
      ({ version }) => version,
    );
    if (binary === undefined) continue;
    const { node, version } = binary;
    if (installed) {
      await steps.run(`the program and the command on ${version}`, () =>
        runProgram(consumer, node),
      );
    }
    await steps.run(
      `tests of the built packages on ${version}`,
      () => testBuilt(node),
      (count) => count,
    );
  }
}

const temporary = await mkdtemp(join(tmpdir(), 'milepost-release-'));
const steps = new Steps();
try {
  await checkRelease(steps, temporary);
} finally {
  await rm(temporary, { recursive: true, force: true });
}
if (steps.failed.length > 0) {
  console.log(`\ncheck:release failed:\n  ${steps.failed.join('\n  ')}`);
  process.exitCode = 1;
} else {
  console.log('\ncheck:release: all passed');
}
