import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { npm, run } from './run.ts';

/**
 * Brings a Node by the npm package of that name.
 *
 * @param range The version wanted: `22.15.0`, or `26` for the newest of that line.
 * @returns Its version, with a leading `v`, and the absolute path of the program.
 */
export async function installNode(
  range: string,
  directory: string,
): Promise<{ readonly version: string; readonly node: string }> {
  await mkdir(directory, { recursive: true });
  const manifest = { private: true, dependencies: { node: range }, allowScripts: { node: true } };
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  await npm(['install', '--ignore-scripts=false'], { cwd: directory });
  const node = join(directory, 'node_modules/node/bin/node');
  const { stdout } = await run(node, ['--version'], { cwd: directory });
  return { version: stdout.trim(), node };
}
