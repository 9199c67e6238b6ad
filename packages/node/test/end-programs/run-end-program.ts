import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { RUN_TYPESCRIPT } from '../../../../test/run-typescript.ts';

const PROGRAMS = { process: 'process-ends.ts', thread: 'worker-thread.ts' } as const;

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Lines of the program's own. */
  readonly said: readonly string[];
  readonly stderr: string;
  /** What was noticed of the end, in order. */
  readonly noticed: readonly string[];
}

export interface EndProgramOptions {
  readonly signal?: NodeJS.Signals;
  readonly where?: keyof typeof PROGRAMS;
}

export type Mode = 'plain' | 'watched' | 'broken' | 'without signals';

const PREFIX = 'milepost: ';

/** Runs one of the scenarios in a process of its own, there in a worker thread where asked, and sends it the signal where it waits for one. */
export async function runEndProgram(
  mode: Mode,
  scenario: string,
  { signal = 'SIGTERM', where = 'process' }: EndProgramOptions = {},
): Promise<ProgramEnd> {
  const program = fileURLToPath(new URL(PROGRAMS[where], import.meta.url));
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--conditions=@milepost/source', ...RUN_TYPESCRIPT, program, mode, scenario],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '' },
    },
  );
  const [lines, stderr, [code, by]] = await Promise.all([
    linesOf(child, signal),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, string | null]>,
  ]);
  return {
    code,
    signal: by,
    said: lines.filter((line) => !line.startsWith(PREFIX)),
    stderr,
    noticed: lines
      .filter((line) => line.startsWith(PREFIX))
      .map((line) => line.slice(PREFIX.length)),
  };
}

async function linesOf(
  child: ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> },
  signal: NodeJS.Signals,
): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === 'ready' || line === 'again') child.kill(signal);
  }
  return lines;
}
