import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Readable } from 'node:stream';
import { RUN_TYPESCRIPT } from '../../run-typescript.ts';

/** What came of a program. */
export interface ProgramEnd {
  /** Null where it was killed. */
  readonly exitCode: number | null;
  /** What it said, on both of its streams. */
  readonly said: string;
}

/** A program that runs with all processes that it starts, in a group of its own. They end with this process, whatever happens. */
export class ExampleProgram {
  /** When the program and all who share its streams have ended. */
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #hasEnded = false;

  /**
   * @param argv a TypeScript file, and its arguments
   * @param env all of its environment, besides the path
   */
  constructor(
    argv: readonly string[],
    { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ) {
    const child = spawn(
      process.execPath,
      [...RUN_TYPESCRIPT, '--conditions=@milepost/source', ...argv],
      {
        cwd,
        env: { PATH: process.env['PATH'] ?? '', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    this.#child = child;
    this.ended = this.#end();
    const killIt = (): void => this.#signal();
    process.once('exit', killIt);
    void this.ended.finally(() => process.off('exit', killIt));
  }

  /** Ends all of its processes at once, as a crash of the machine does. */
  async kill(): Promise<void> {
    this.#signal();
    await this.ended;
  }

  async #end(): Promise<ProgramEnd> {
    let said = '';
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    await once(this.#child, 'close');
    this.#hasEnded = true;
    return { exitCode: this.#child.exitCode, said };
  }

  #signal(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#hasEnded) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // All of the group have ended, and nobody has told yet.
    }
  }
}
