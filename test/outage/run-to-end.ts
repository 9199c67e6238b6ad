import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { conditions } from './conditions.ts';
import { type ContenderName } from './programs/contender.ts';
import { type EndName } from './programs/ends.ts';

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  /** From the moment when the program ends, or gets the signal, until it is gone. */
  readonly endingMs: number;
  /** When it was gone, in milliseconds since the Unix epoch. */
  readonly at: number;
}

const PROGRAM = fileURLToPath(new URL('programs/end.ts', import.meta.url));

/** Runs `programs/end.ts` to its end. */
export async function runToEnd(
  contender: ContenderName,
  end: EndName,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child = spawn(process.execPath, [...conditions, PROGRAM, contender, end], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let ending = Number.NaN;
  createInterface(child.stdout).on('line', (line) => {
    const time = /^ending (\d+)$/.exec(line)?.[1];
    if (time === undefined) return;
    ending = Number(time);
    if (end === 'SIGTERM' || end === 'SIGINT') {
      ending = Date.now();
      child.kill(end);
    }
  });
  const exited = once(child, 'exit').then(() => Date.now());
  const [stderr, at, [code, signal]] = await Promise.all([
    text(child.stderr),
    exited,
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, stderr, endingMs: at - ending, at };
}
