import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Interface, createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';

/** What a step of Python saves. */
export interface StepOrder {
  readonly root: string;
  readonly step: string;
  readonly job_id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly hub_keys: Readonly<Record<string, unknown>>;
}

/** A Python process that saves steps, and stops at each point at which others may come in between. */
export class PythonStepper {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;
  #isBusy = false;

  constructor() {
    const program = new URL('python/stepper.py', import.meta.url).pathname;
    this.#child = spawn('python3', ['-B', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Begins a step, and comes to its first point. */
  async begin(order: StepOrder): Promise<void> {
    this.#isBusy = true;
    await this.#send(JSON.stringify(order));
  }

  /**
   * Goes on to the next point.
   * @returns whether the step goes on after that
   */
  async step(): Promise<boolean> {
    if (this.#isBusy) await this.#send('');
    return this.#isBusy;
  }

  async #send(line: string): Promise<void> {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the Python process ended');
    this.#isBusy = value !== 'done';
  }

  async end(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exited;
    this.#reader.close();
  }
}
