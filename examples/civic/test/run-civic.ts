import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const MILEPOST = path.resolve(import.meta.dirname, '../../../packages/cli/src/milepost.ts');

/** What came of a program. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run. */
export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sends SIGINT when this stands on stderr. */
  readonly interruptAt?: RegExp;
}

/** Runs the example in a directory. Of the environment it has the path alone, and what it is given. */
export function runCivic(argv: readonly string[], options: RunOptions): Promise<Ended> {
  return run([MAIN, ...argv], options);
}

/** Runs the command `milepost` from its source. */
export function runMilepost(argv: readonly string[], options: RunOptions): Promise<Ended> {
  return run([MILEPOST, ...argv], options);
}

/** A directory, which whoever asked for it removes. */
export async function newDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'civic-test-'));
  return {
    path: directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function run(
  argv: readonly string[],
  { cwd, env = {}, interruptAt }: RunOptions,
): Promise<Ended> {
  const child = spawn(
    process.execPath,
    [...RUN_TYPESCRIPT, '--conditions=@milepost/source', ...argv],
    { cwd, env: { PATH: process.env['PATH'] ?? '', ...env } },
  );
  let [stdout, stderr, isInterrupted] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (isInterrupted || interruptAt?.test(stderr) !== true) return;
    isInterrupted = child.kill('SIGINT');
  });
  const [exitCode]: unknown[] = await once(child, 'close');
  return { exitCode: typeof exitCode === 'number' ? exitCode : null, stdout, stderr };
}
