import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { adoptSpool } from './adopt-spool.ts';
import { type Behaviour } from './behaviour.ts';
import { conditions } from './conditions.ts';
import { type LedgerEntry, senderVariable } from './ledger.ts';
import { spooledRequests } from './spool-files.ts';
import { startMisbehavingServer } from './start-misbehaving-server.ts';

export interface KillsResult {
  readonly kills: number;
  /** Records that a collector acknowledged, or that lay whole in the spool after a kill. */
  readonly acknowledged: number;
  /** Of these, those that no collector had acknowledged in the end. */
  readonly lost: readonly string[];
  /** Requests sent again after an answer that the killed process did not live to read. */
  readonly repeatedRequests: number;
  /** Requests sent again though their sender had gone on to its next one, or was alive. */
  readonly duplicateRequests: readonly LedgerEntry[];
  /** Requests that lay in the spool after a kill, on the average. */
  readonly spooledRequests: number;
  /** Kills after which more, and after which less lay in the spool than after the one before. */
  readonly whileSpooling: number;
  readonly whileAdopting: number;
  /** Requests still in the spool at the end; none, if all is well. */
  readonly left: number;
}

/** How the collector is while a process runs that will be killed: mostly spooling, mostly adopting, both. */
const COLLECTORS: readonly Behaviour[] = [
  { kind: 'refuse' },
  { kind: 'accept' },
  { kind: 'status', status: 503 },
  { kind: 'accept', afterMs: 10 },
  { kind: 'hang' },
  { kind: 'accept' },
];

const PROGRAM = fileURLToPath(new URL('programs/produce.ts', import.meta.url));
const STAGES_PER_SECOND = 300;
/** From the start of a process until it is killed: starting takes about half of it. */
const LIFE_MS = { least: 300, most: 2_000 };

/**
 * Kills processes that share a spool at random moments, two at a time, while the collector comes and goes. Then lets a last
 * one send what there is.
 */
export async function measureKills(options: {
  readonly kills: number;
  readonly random: () => number;
}): Promise<KillsResult> {
  const server = await startMisbehavingServer();
  const spool = mkdtempSync(join(tmpdir(), 'milepost-kills-'));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, MILEPOST_SPOOL: spool };
  const onDisk = new Set<string>();
  const counts: number[] = [];
  try {
    for (let n = 0; n < options.kills; n += 2) {
      const collector = COLLECTORS[(n / 2) % COLLECTORS.length];
      if (collector !== undefined) await server.behave(collector);
      await Promise.all(
        [n, n + 1].map(async (id) => {
          await killOne({ ...env, ...senderVariable(String(id)) }, options.random);
          const requests = spooledRequests(spool);
          counts.push(requests.length);
          for (const { signal, keys } of requests) {
            if (signal !== 'metrics') for (const key of keys) onDisk.add(`${signal} ${key}`);
          }
        }),
      );
    }
    await server.behave({ kind: 'accept' });
    await adoptSpool({ ...env, ...senderVariable('last') });
    return {
      kills: options.kills,
      ...judge(await server.ledger(), onDisk, counts),
      left: spooledRequests(spool).length,
    };
  } finally {
    await server.close();
    rmSync(spool, { recursive: true });
  }
}

async function killOne(env: Readonly<Record<string, string>>, random: () => number): Promise<void> {
  const child = fork(PROGRAM, ['milepost', '1000000', String(STAGES_PER_SECOND)], {
    execArgv: [...conditions],
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  await setTimeout(LIFE_MS.least + random() * (LIFE_MS.most - LIFE_MS.least));
  child.kill('SIGKILL');
  await exited;
}

function judge(
  ledger: readonly LedgerEntry[],
  onDisk: ReadonlySet<string>,
  counts: readonly number[],
): Omit<KillsResult, 'kills' | 'left'> {
  const acknowledged = new Set<string>();
  const firstOf = new Map<string, LedgerEntry>();
  const lastOfSender = new Map<string, LedgerEntry>();
  const sent = ledger.filter(
    ({ signal, outcome }) => signal !== 'metrics' && outcome === 'acknowledged',
  );
  for (const entry of sent) lastOfSender.set(`${entry.sender} ${entry.signal}`, entry);
  let repeatedRequests = 0;
  const duplicateRequests: LedgerEntry[] = [];
  for (const entry of sent) {
    const { signal, sender, keys } = entry;
    const [before] = keys.flatMap((key) => firstOf.get(`${signal} ${key}`) ?? []);
    if (before !== undefined) {
      // The killed process may have died with the answer unread only if it sent nothing of this signal afterwards.
      const isUnread =
        before.sender !== sender && lastOfSender.get(`${before.sender} ${signal}`) === before;
      if (isUnread) repeatedRequests += 1;
      else duplicateRequests.push(before, entry);
    }
    for (const key of keys) {
      acknowledged.add(`${signal} ${key}`);
      firstOf.set(`${signal} ${key}`, entry);
    }
  }
  const changes = counts.slice(1).map((count, at) => count - (counts[at] ?? 0));
  return {
    acknowledged: new Set([...acknowledged, ...onDisk]).size,
    lost: [...onDisk].filter((key) => !acknowledged.has(key)),
    repeatedRequests,
    duplicateRequests,
    spooledRequests: Math.round(counts.reduce((sum, count) => sum + count, 0) / counts.length),
    whileSpooling: changes.filter((change) => change > 0).length,
    whileAdopting: changes.filter((change) => change < 0).length,
  };
}
