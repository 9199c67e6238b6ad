import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';
import { type Behaviour, type Command, type Notice, type Seen } from './behaviour.ts';
import { type LedgerEntry, readLedger } from './ledger.ts';

/** A server that misbehaves, in a process of its own. */
export interface MisbehavingServer {
  readonly url: string;
  /** What it has seen, as last told. */
  readonly seen: Seen;
  /** Resolves when it behaves so. `requests`: for how many of each signal; then it accepts. */
  behave(behaviour: Behaviour, requests?: number): Promise<void>;
  /** Resolves when `holds` is true of what it has seen; asked again whenever it has seen something. */
  until(holds: (seen: Seen) => boolean): Promise<void>;
  /** What it did with each request so far, in their order. */
  ledger(): Promise<LedgerEntry[]>;
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('misbehaving-server.ts', import.meta.url));

/** Starts a server on loopback that takes OTLP over HTTP; it accepts until it is told otherwise. */
export async function startMisbehavingServer(): Promise<MisbehavingServer> {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-server-'));
  const ledgerPath = join(directory, 'ledger.jsonl');
  const child = fork(PROGRAM, [ledgerPath], { execArgv: [...RUN_TYPESCRIPT], stdio: 'inherit' });
  const listening = Promise.withResolvers<number>();
  const commands = new Map<number, () => void>();
  const waiting = new Set<() => void>();
  let seen: Seen = { connections: 0, requests: {}, acknowledged: {} };
  let isClosing = false;

  child.on('message', (notice: Notice) => {
    switch (notice.kind) {
      case 'listening':
        listening.resolve(notice.port);
        return;
      case 'done':
        commands.get(notice.id)?.();
        commands.delete(notice.id);
        return;
      case 'seen':
        seen = notice;
        for (const check of waiting) check();
        return;
      default:
        notice satisfies never;
    }
  });
  child.once('exit', (code, signal) => {
    if (!isClosing) throw new Error(`the server ended: ${code ?? signal}`);
  });

  const port = await listening.promise;
  let lastId = 0;
  const tell = (command: Omit<Command, 'id'>): Promise<void> =>
    new Promise((resolve) => {
      const id = (lastId += 1);
      commands.set(id, resolve);
      child.send({ ...command, id } satisfies Command);
    });
  return {
    url: `http://127.0.0.1:${port}`,
    get seen() {
      return seen;
    },
    behave: (behaviour, requests) =>
      tell({ behaviour, ...(requests === undefined ? {} : { requests }) }),
    until: (holds) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!holds(seen)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    ledger: async () => {
      // What a client has seen by now is in it then.
      await tell({});
      return readLedger(ledgerPath);
    },
    close: async () => {
      isClosing = true;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
      rmSync(directory, { recursive: true });
    },
  };
}
