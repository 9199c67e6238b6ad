import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from './find-program.ts';

/** How a server is started, and how one sees that it serves. */
export interface ServerPlan {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Answers 200 when the server serves. */
  readonly readyUrl: string;
  /** What it prints goes here. */
  readonly logFile: string;
}

const POLL_MS = 100;
const READY_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 30_000;
const LOG_TAIL_CHARACTERS = 2000;

/** A real server in a process of its own, ended with this one whatever happens. */
export class ServerProcess {
  readonly #plan: ServerPlan;
  #child: ChildProcess | undefined;

  constructor(plan: ServerPlan) {
    this.#plan = plan;
  }

  /**
   * Starts the program, again after an end, and resolves when it serves.
   * @throws Error with the end of its log
   */
  async start(): Promise<void> {
    const { program, args, env, logFile, readyUrl } = this.#plan;
    const log = openSync(logFile, 'a');
    const child = spawn(findProgram(program), args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    this.#child = child;
    const killIt = (): void => void child.kill('SIGKILL');
    process.once('exit', killIt);
    child.once('exit', () => process.off('exit', killIt));
    await once(child, 'spawn');
    const deadline = Date.now() + READY_LIMIT_MS;
    while (!(await answers(readyUrl))) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
        const tail = readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS);
        throw new Error(`${program} does not answer at ${readyUrl}:\n${tail}`);
      }
      await delay(POLL_MS);
    }
  }

  /** Asks the program to end, and makes it end if it does not. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends the program at once, as a crash does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(impatience);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}
