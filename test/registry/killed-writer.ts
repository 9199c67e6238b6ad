import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, 'programs/record-until-killed.ts');
/** Most of a start would be stripping types. Killed processes write no cache at their end, so the program does it itself. */
const CACHED =
  "data:text/javascript,import { enableCompileCache } from 'node:module'; enableCompileCache();";
const ARGUMENTS = [
  '--import',
  CACHED,
  '--conditions=@milepost/source',
  '--disable-warning=ExperimentalWarning',
];

/** A process that records into a run until it is killed, with what it said is acknowledged. */
export class KilledWriter {
  readonly acknowledged: string[] = [];
  /** Resolves when something is. */
  readonly firstAcknowledged: Promise<void>;
  readonly #process: ChildProcess;
  readonly #ready: Promise<unknown>;
  readonly #gone: Promise<unknown>;

  constructor(root: string, runId: string, name: string) {
    this.#process = spawn(process.execPath, [...ARGUMENTS, PROGRAM, root, runId, name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error('expected a pipe');
    const lines = createInterface({ input: stdout });
    this.#ready = Promise.race([once(lines, 'line'), once(this.#process, 'exit')]);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.firstAcknowledged = promise;
    lines.on('line', (line) => {
      if (line === 'ready') return;
      this.acknowledged.push(...line.split(' '));
      resolve();
    });
    // What was written to the pipe before the kill is read before it closes.
    this.#gone = Promise.all([once(lines, 'close'), once(this.#process, 'close')]);
  }

  /** Has it record from now on. */
  async begin(): Promise<void> {
    await this.#ready;
    this.#process.stdin?.write('go\n');
  }

  /** Kills it as nothing can be caught: SIGKILL. */
  async kill(): Promise<void> {
    if (!this.#process.kill('SIGKILL')) throw new Error('the writer ended before it was killed');
    await this.#gone;
  }
}
