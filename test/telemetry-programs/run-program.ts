import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

// As the tests themselves: the sources, or with MILEPOST_TEST_BUILT=1 the built packages.
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

/**
 * Runs a program of this directory in a process of its own.
 * @param env what it gets besides `PATH`; nothing else, so no variable of the tests' own environment
 */
export async function runProgram(
  program: string,
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
    readonly nodeOptions?: readonly string[];
  } = {},
): Promise<Ended> {
  const { env = {}, args = [], nodeOptions = [] } = options;
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [...conditions, ...nodeOptions, file, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}
