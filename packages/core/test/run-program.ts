import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** What became of a program. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const packagePath = fileURLToPath(new URL('..', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

// Every program loads the same modules.
const compileCache = mkdtempSync(join(tmpdir(), 'milepost-core-compiled-'));
afterAll(() => {
  rmSync(compileCache, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs a program, given as its text, in a process of its own. */
export function runProgram(
  program: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<ProgramEnd> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...conditions,
      '--input-type=module',
      '--eval',
      program,
    ],
    {
      cwd: packagePath,
      env: { ...inherited, NODE_COMPILE_CACHE: compileCache, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
