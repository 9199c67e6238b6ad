import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findProgram } from './find-program.ts';

/** A real Redis of a program's own, on a free port of this machine, that keeps nothing beyond its end unless asked to. */
export class RedisServer {
  readonly port: number;
  readonly #directory: string;
  readonly #durable: boolean;
  #process: ChildProcess | undefined;

  private constructor(port: number, directory: string, durable: boolean) {
    this.port = port;
    this.#directory = directory;
    this.#durable = durable;
  }

  /** @param durable whether data survive a restart */
  static async start(durable = false): Promise<RedisServer> {
    const directory = mkdtempSync(join(tmpdir(), 'milepost-redis-'));
    const server = new RedisServer(await freePort(), directory, durable);
    await server.begin();
    return server;
  }

  /** Starts the program (again), and resolves when it takes connections. */
  async begin(): Promise<void> {
    const started = spawn(
      findProgram('redis-server'),
      [
        '--port',
        String(this.port),
        '--bind',
        '127.0.0.1',
        '--dir',
        this.#directory,
        '--save',
        '',
        '--appendonly',
        this.#durable ? 'yes' : 'no',
        ...(this.#durable ? ['--appendfsync', 'always'] : []),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#process = started;
    const killIt = (): void => void started.kill('SIGKILL');
    process.once('exit', killIt);
    started.once('exit', () => process.off('exit', killIt));
    for await (const line of createInterface({ input: started.stdout })) {
      if (line.includes('Ready to accept connections')) {
        started.stdout.resume();
        return;
      }
    }
    throw new Error(`redis-server ended with ${String(started.exitCode)} before it was ready`);
  }

  /** Ends the program at once, as a crash does. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, 'exit');
    running.kill('SIGKILL');
    await exit;
  }

  /** Ends the program and removes what it wrote. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}
