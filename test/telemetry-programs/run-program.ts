import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  /** Absent where it ended by itself. */
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
}

// As the tests themselves: the sources, or with MILEPOST_TEST_BUILT=1 the built packages.
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

/**
 * Runs a program of this directory in a process of its own.
 * @param env what it gets besides `PATH`; nothing else, so no variable of the tests' own environment. Without
 *   `MILEPOST_SPOOL` nothing waits on disk.
 */
export async function runProgram(
  program: string,
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
    readonly nodeOptions?: readonly string[];
    /** Sent when the program says `ready`. Default none. */
    readonly signal?: NodeJS.Signals;
    /** Nobody reads what the program writes to stderr: the pipe is closed. Default false. */
    readonly isStderrClosed?: boolean;
  } = {},
): Promise<Ended> {
  const { env = {}, args = [], nodeOptions = [], signal, isStderrClosed = false } = options;
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [...conditions, ...nodeOptions, file, ...args], {
    env: { PATH: process.env['PATH'] ?? '', MILEPOST_SPOOL: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (isStderrClosed) child.stderr.destroy();
  if (signal !== undefined) {
    child.stdout.on('data', (chunk) => {
      if (String(chunk).includes('ready')) child.kill(signal);
    });
  }
  const [stdout, stderr, [code, killedBy]] = await Promise.all([
    text(child.stdout),
    isStderrClosed ? '' : text(child.stderr),
    once(child, 'close') as Promise<[number | null, string | null]>,
  ]);
  return { code, stdout, stderr, ...(killedBy !== null && { signal: killedBy }) };
}
