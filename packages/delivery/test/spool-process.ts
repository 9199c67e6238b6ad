import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const program = fileURLToPath(new URL('spool-programs/spool-process.mjs', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

/** A real process with a spool, told what to do. */
export class SpoolProcess {
  readonly #child: ChildProcess;
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(
    directory: string,
    options: { readonly umask?: number; readonly heartbeatMs?: number } = {},
  ): Promise<SpoolProcess> {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = fork(program, {
      execArgv: ['--disable-warning=ExperimentalWarning', ...conditions],
      env,
      // Bodies and paths are told by message; what goes wrong is to be seen.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const opened = new SpoolProcess(child);
    await opened.tell('open', { directory, ...options });
    return opened;
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  /** Has it do one thing, and gives what came out. Rejects with the message of what was thrown. */
  tell(name: string, told: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = (this.#asked += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const child = this.#child;
    const ended = (): void => reject(new Error(`the process ended instead of: ${name}`));
    child.once('exit', ended);
    child.on('message', function answer(message: { id: number; value?: unknown; error?: string }) {
      if (message.id !== id) return;
      child.off('message', answer);
      child.off('exit', ended);
      if (message.error === undefined) resolve(message.value);
      else reject(new Error(message.error));
    });
    child.send({ id, name, ...told });
    return promise;
  }

  /** Has nobody tell it anything any more; resolves to its exit code and signal. */
  async leave(): Promise<readonly unknown[]> {
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    return await exit;
  }

  /** Sends a signal; resolves when the process is gone, for those that end it. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exit;
  }
}
