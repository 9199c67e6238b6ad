import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What became of a program. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const packagePath = fileURLToPath(new URL('..', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

/** Runs a program, given as its text, in a process of its own. */
export function runProgram(program: string): Promise<ProgramEnd> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...conditions,
      '--input-type=module',
      '--eval',
      program,
    ],
    { cwd: packagePath, stdio: ['ignore', 'inherit', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
}
