import { fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { conditions } from './conditions.ts';
import { type ContenderName, type Waiting } from './programs/contender.ts';
import { type EndOrder, type ProducerNotice } from './programs/producer-notice.ts';

/** A program that makes numbered stages, `programs/produce.ts`. */
export interface Producer {
  /** Resolves with the seconds it took, when all its stages are made. */
  readonly made: Promise<number>;
  /** Resolves when `holds` is true of what the program says to wait. */
  untilWaiting(holds: (waiting: Waiting) => boolean): Promise<void>;
  /** Lets it end so, and waits until it is gone. */
  end(order: EndOrder): Promise<Produced>;
}

/** What a producer left. */
export interface Produced {
  readonly report: unknown;
  readonly peakRssBytes: number;
  /** Most that it said to wait in memory, in records; undefined where it could not tell. */
  readonly peakInMemory: number | undefined;
  readonly code: number | null;
  readonly stderr: string;
  /** From the beginning of its end until it was gone. */
  readonly endingMs: number;
}

const PROGRAM = fileURLToPath(new URL('programs/produce.ts', import.meta.url));

export function startProducer(
  contender: ContenderName,
  options: {
    readonly count: number;
    /** `all`: all at once, synchronously. */
    readonly perSecond: number | 'all';
    readonly env: Readonly<Record<string, string>>;
  },
): Producer {
  const { count, perSecond, env } = options;
  const child = fork(PROGRAM, [contender, String(count), String(perSecond)], {
    execArgv: [...conditions],
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  const made = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<Extract<ProducerNotice, { kind: 'ended' }>>();
  const watchers = new Set<(waiting: Waiting) => void>();
  let peakInMemory: number | undefined;
  const stderr = child.stderr === null ? Promise.resolve('') : text(child.stderr);
  const closed = once(child, 'close') as Promise<[number | null]>;
  closed.then(
    async ([code]) => {
      const early = new Error(`the program ended early, with ${code}: ${await stderr}`);
      made.reject(early);
      ended.reject(early);
    },
    () => undefined,
  );
  // One of the two may have no one who waits for it.
  for (const promise of [made.promise, ended.promise]) promise.catch(() => undefined);

  child.on('message', (notice: ProducerNotice) => {
    switch (notice.kind) {
      case 'begins':
        return;
      case 'state':
        if (notice.waiting === null) return;
        peakInMemory = Math.max(peakInMemory ?? 0, notice.waiting.memory);
        for (const watcher of watchers) watcher(notice.waiting);
        return;
      case 'made':
        made.resolve(notice.seconds);
        return;
      case 'ended':
        ended.resolve(notice);
        return;
      default:
        notice satisfies never;
    }
  });

  return {
    made: made.promise,
    untilWaiting: (holds) =>
      new Promise((resolve) => {
        const watcher = (waiting: Waiting): void => {
          if (!holds(waiting)) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
      }),
    end: async (order) => {
      child.send(order);
      const { report, peakRssBytes, at } = await ended.promise;
      const [code] = await closed;
      const endingMs = Date.now() - at;
      return { report, peakRssBytes, peakInMemory, code, stderr: await stderr, endingMs };
    },
  };
}
