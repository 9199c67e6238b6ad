import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { conditions } from './conditions.ts';

const PROGRAM = fileURLToPath(new URL('programs/adopt.ts', import.meta.url));

/** Starts a program that takes over what ended processes left, sends it, and ends. Gives its standard error. */
export async function adoptSpool(env: Readonly<Record<string, string>>): Promise<string> {
  const { stderr } = await promisify(execFile)(process.execPath, [...conditions, PROGRAM], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return stderr;
}
