import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { type RedisPlace } from './redis-place.ts';

/** A Redis that the program uses. */
export interface OpenRedis {
  readonly place: RedisPlace;
  /** Ends it where the program started it. */
  close(): Promise<void>;
}

/** There is no Redis, and no way to start one. */
class NoRedisError extends Error {
  override readonly name = 'NoRedisError';
  readonly code = 'no_redis';
}

/**
 * The Redis that `REDIS_URL` names, or one that is started for as long as the program runs, from the `redis-server` in
 * `MILEPOST_STACK_BIN` or on the path.
 *
 * @throws NoRedisError, which says how to get one
 */
export async function openRedis(env: NodeJS.ProcessEnv = process.env): Promise<OpenRedis> {
  const { REDIS_URL: url, MILEPOST_STACK_BIN: stack, PATH: programs = '' } = env;
  if (url) {
    await assertAnswers(url);
    return { place: { url }, async close() {} };
  }
  const program = [...(stack ? [stack] : []), ...programs.split(path.delimiter)]
    .filter((directory) => directory !== '')
    .map((directory) => path.join(directory, 'redis-server'))
    .find(isExecutable);
  if (program !== undefined) return startRedis(program);
  throw new NoRedisError(
    'This needs a Redis: install redis-server, or `docker compose up -d redis` and set REDIS_URL=redis://127.0.0.1:6379.',
  );
}

// BullMQ would try for ever.
async function assertAnswers(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5_000,
    retryStrategy: () => null,
  });
  // The reason, which the rejection of `connect` does not tell.
  let reason: unknown;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw new NoRedisError(`No Redis answers at REDIS_URL: ${String(reason ?? error)}`);
  } finally {
    redis.disconnect();
  }
}

async function startRedis(program: string): Promise<OpenRedis> {
  const directory = await mkdtemp(path.join(tmpdir(), 'civic-redis-'));
  const socket = path.join(directory, 'redis.sock');
  // A socket needs no free port, and nobody else finds it. BullMQ must lose no key.
  const options = ['--port', '0', '--unixsocket', socket, '--dir', directory];
  const child = spawn(
    program,
    [...options, '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
    // In a process group of its own: it outlives a Ctrl-C for as long as the end of the run takes.
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  const killIt = (): void => void child.kill('SIGKILL');
  process.once('exit', killIt);
  const ended = once(child, 'close');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (!line.includes('eady to accept connections')) continue;
    child.stdout.resume();
    return {
      place: { path: socket },
      async close() {
        killIt();
        await ended;
        process.off('exit', killIt);
        await rm(directory, { recursive: true, force: true });
      },
    };
  }
  await rm(directory, { recursive: true, force: true });
  throw new NoRedisError(`${program} did not start: ${said.at(-1) ?? 'it said nothing'}`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: the next directory may have it.
    return false;
  }
}
