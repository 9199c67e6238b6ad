import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PackedPackage } from './pack.ts';
import { npm, onNode } from './run.ts';

const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  module: 'nodenext',
  target: 'es2022',
  types: ['node'],
  skipLibCheck: false,
};

/**
 * Installs the packages as a user would: from their tarballs, with the API of OpenTelemetry beside them.
 *
 * @param versions Which version of the API and of Node's types to install, by package name.
 */
export async function installConsumer(
  directory: string,
  packages: readonly PackedPackage[],
  versions: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const manifest = {
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(packages.map(({ manifest, tarball }) => [manifest.name, tarball])),
      '@opentelemetry/api': versions['@opentelemetry/api'],
    },
    devDependencies: { '@types/node': versions['@types/node'] },
  };
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  await npm(['install'], { cwd: directory });
}

/** Missing and superfluous files of an installed package, one sentence each. */
export function faultsOfContents(
  directory: string,
  { manifest }: PackedPackage,
): readonly string[] {
  const installed = join(directory, 'node_modules', manifest.name);
  const promised = [
    'LICENSE',
    ...Object.values(manifest.bin ?? {}),
    ...Object.values(manifest.exports).flatMap((entry) => [
      ...Object.values(entry),
      entry.default.replace(/\.js$/, '.d.ts'),
    ]),
  ];
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  return [
    ...promised
      .filter((file) => !existsSync(join(installed, file)))
      .map((file) => `${manifest.name} lacks ${file}`),
    ...files
      .filter((file) => /(\.tsbuildinfo|\.test\.[a-z.]+)$/.test(file))
      .map((file) => `${manifest.name} ships ${file}`),
  ];
}

/**
 * Compiles a program beside the installed packages, their declarations checked too.
 *
 * @param tsc Path of the compiler.
 */
export async function compileProgram(directory: string, tsc: string): Promise<void> {
  await copyFile(join(import.meta.dirname, 'consumer-program.ts'), join(directory, 'program.ts'));
  const config = { compilerOptions: COMPILER_OPTIONS, files: ['program.ts'] };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config));
  await onNode(process.execPath, [tsc, '--project', directory], { cwd: directory });
}

/**
 * Runs the compiled program, then reads its record by the installed command.
 *
 * @throws An error where the program or the command fails, or the command does not know the run.
 */
export async function runProgram(directory: string, node: string): Promise<void> {
  await rm(join(directory, 'data'), { recursive: true, force: true });
  await onNode(node, ['program.js'], { cwd: directory });
  const command = join(directory, 'node_modules/.bin/milepost');
  const { stdout } = await onNode(node, [command, 'show', 'latest', '--json'], { cwd: directory });
  if (!stdout.includes('words_1737072000_abc123')) {
    throw new Error(`milepost show latest: expected the run of the program, printed\n${stdout}`);
  }
}
