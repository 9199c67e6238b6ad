import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';

/** How a program of `programs/` is run. */
export interface ProgramRun {
  readonly args?: readonly string[];
  /** All of its environment, but for the path. */
  readonly env: Readonly<Record<string, string>>;
  /** A module of `programs/` that it loads first. */
  readonly first?: string;
  /** Called for each line that it prints; the next one waits for it. */
  readonly onLine?: (line: string, kill: () => void) => void | Promise<void>;
}

const PROGRAMS = join(import.meta.dirname, 'programs');

/**
 * Runs a program of `programs/` to its end.
 * @returns its exit code; null where it was killed
 */
export async function runProgram(
  name: string,
  { args = [], env, first, onLine }: ProgramRun,
): Promise<number | null> {
  const child = spawn(
    process.execPath,
    [
      ...RUN_TYPESCRIPT,
      '--conditions=@milepost/source',
      ...(first === undefined ? [] : ['--import', join(PROGRAMS, first)]),
      join(PROGRAMS, name),
      ...args,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    },
  );
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    await onLine?.(line, () => void child.kill('SIGKILL'));
  }
  await ended;
  return child.exitCode;
}
