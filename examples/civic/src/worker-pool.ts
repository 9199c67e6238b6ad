import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { parseNews, type WorkerTask } from './worker-messages.ts';

/** Worker processes. */
export interface WorkerPool {
  /** What was killed, in words, so far. */
  readonly killed: readonly string[];
  /** Rejects when none is left. Else it stays open. */
  readonly allGone: Promise<never>;
  /** Lets each finish its job, and waits for their ends. */
  close(): Promise<void>;
  /** Ends them in the middle of their jobs, as a shell does, and waits for it. */
  stop(): Promise<void>;
}

/** There is no worker process any more, and the run has not ended. */
class NoWorkerError extends Error {
  override readonly name = 'NoWorkerError';
  readonly code = 'no_worker';
}

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js',
  import.meta.url,
);

/** Starts worker processes, and resolves when all of them take jobs. */
export async function startWorkerPool(count: number, task: WorkerTask): Promise<WorkerPool> {
  const killed: string[] = [];
  const gone = Promise.withResolvers<never>();
  // It is heard of where it is waited for.
  gone.promise.catch(() => {});
  const children = Array.from({ length: count }, () =>
    fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  const ready = children.map(
    (child) =>
      new Promise<void>((resolve) => {
        child.on('message', (message) => {
          const news = parseNews(message);
          if (news.kind === 'ready') resolve();
          else {
            killed.push(`worker process ${child.pid}, by SIGKILL, while it read ${news.reading}`);
            child.kill('SIGKILL');
          }
        });
      }),
  );
  const ends = children.map((child) => once(child, 'exit'));
  void Promise.all(ends).then(() =>
    gone.reject(new NoWorkerError('All worker processes ended before the run did.')),
  );
  for (const child of children) child.send(task);
  const pool: WorkerPool = {
    killed,
    allGone: gone.promise,
    async close() {
      for (const child of children) hangUp(child);
      await Promise.all(ends);
    },
    async stop() {
      for (const child of children) child.kill('SIGTERM');
      await Promise.all(ends);
    },
  };
  await Promise.race([Promise.all(ready), gone.promise]);
  return pool;
}

function hangUp(child: ChildProcess): void {
  if (child.connected) child.disconnect();
}
