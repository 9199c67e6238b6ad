import { type ChildProcess, fork } from 'node:child_process';
import { childEnvironment } from '@milepost/core';
import { type FetchedPdf } from './pipeline/fetch-pdf.ts';
import { type ReadDocument } from './pipeline/ocr-document.ts';
import { parseNews, type WorkerTask } from './worker-messages.ts';

/** How documents are read by processes of their own. */
export interface ProcessesOptions {
  readonly processes: number;
  /** Whether one of them is killed in the middle of its work. */
  readonly killOne: boolean;
  readonly root: string;
  readonly subdomain: string;
  readonly pages: number;
  /** How many pages are recognised at a time, by all of them together. */
  readonly workers: number;
  readonly signal: AbortSignal;
}

/** A worker process that ended before its work did. */
export interface DeadWorker {
  readonly pid: number;
  /** `SIGKILL`, or `exit code 1`. */
  readonly endedBy: string;
  /** Documents that were in work. */
  readonly reading: readonly string[];
}

/** A document that was not read, as its worker is gone. */
export interface LostDocument {
  readonly id: string;
  readonly worker: DeadWorker;
}

/** A document was not read, as its worker is gone. */
export class WorkerLostError extends Error {
  override readonly name = 'WorkerLostError';
  readonly code = 'worker_lost';

  constructor({ id, worker }: LostDocument) {
    const when = worker.reading.includes(id)
      ? 'while it read this document'
      : 'before it came to this document';
    super(`Worker process ${worker.pid} ended by ${worker.endedBy} ${when}.`);
  }
}

/** What came of the documents. Those that could not be read are in neither list: the record tells of them. */
export interface ReadByProcesses {
  readonly documents: readonly ReadDocument[];
  readonly lost: readonly LostDocument[];
}

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './ocr-worker.ts' : './ocr-worker.js',
  import.meta.url,
);

/**
 * Reads documents in the run around the call, by several processes at the same time. They share the registry's directory, and nothing
 * else.
 */
export async function readByProcesses(
  pdfs: readonly FetchedPdf[],
  options: ProcessesOptions,
): Promise<ReadByProcesses> {
  const { processes, killOne, root, subdomain, pages, workers } = options;
  const count = Math.min(processes, pdfs.length);
  const shares = Array.from({ length: count }, (_, worker) =>
    pdfs.filter((_pdf, index) => index % count === worker),
  );
  const all = await Promise.all(
    shares.map((share, worker) => {
      // The first has the most documents. It has finished all but the last when it is killed.
      const victim = killOne && worker === 0 ? share.at(-1)?.id : undefined;
      const task = {
        root,
        subdomain,
        pages,
        workers: Math.max(1, Math.floor(workers / count)),
        pdfs: share,
        ...(victim !== undefined && { waitsAt: victim }),
      };
      return runWorker(task, options.signal);
    }),
  );
  options.signal.throwIfAborted();
  const order = pdfs.map(({ id }) => id);
  return {
    documents: all
      .flatMap(({ documents }) => documents)
      .toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id)),
    lost: all.flatMap(({ lost }) => lost),
  };
}

function runWorker(task: WorkerTask, signal: AbortSignal): Promise<ReadByProcesses> {
  const child = fork(WORKER, {
    // By these `withRun` in the worker joins the run around this call.
    env: { ...process.env, ...childEnvironment() },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  return outcomeOf(child, task).finally(() => signal.removeEventListener('abort', stop));
}

function outcomeOf(child: ChildProcess, task: WorkerTask): Promise<ReadByProcesses> {
  const reading = new Set<string>();
  const finished = new Map<string, ReadDocument | undefined>();
  let isDone = false;
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      const news = parseNews(message);
      if (news.kind === 'done') isDone = true;
      else if (news.kind === 'reading') {
        reading.add(news.id);
        if (news.id === task.waitsAt) child.kill('SIGKILL');
      } else {
        reading.delete(news.id);
        finished.set(news.id, news.document);
      }
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const endedBy = signal ?? `exit code ${code}`;
      const worker = { pid: child.pid ?? 0, endedBy, reading: [...reading] };
      const left = isDone ? [] : task.pdfs.filter(({ id }) => !finished.has(id));
      resolve({
        documents: [...finished.values()].filter((document) => document !== undefined),
        lost: left.map(({ id }) => ({ id, worker })),
      });
    });
    child.send(task);
  });
}
