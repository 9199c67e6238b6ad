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
import { type Judgement, judgeRepeats } from './judge-repeats.ts';
import { senderVariable } from './ledger.ts';
import { spooledRequests } from './spool-files.ts';
import { startMisbehavingServer } from './start-misbehaving-server.ts';

export interface KillsResult extends Judgement {
  readonly kills: number;
  /** Kills after which requests lay in the spool, where the collector took nothing, and where it took everything. */
  readonly whileSpooling: number;
  readonly whileAdopting: number;
  /** Requests that lay in the spool after such a kill, on the average. */
  readonly spooledRequests: number;
  /** Requests still in the spool at the end; none, if all is well. */
  readonly left: number;
}

/** How the collector is while a process runs that will be killed: mostly spooling, mostly adopting, both. */
const COLLECTORS: readonly Behaviour[] = [
  { kind: 'refuse' },
  { kind: 'accept', afterMs: 30 },
  { kind: 'status', status: 503 },
  { kind: 'accept', afterMs: 100 },
  { kind: 'hang' },
  { kind: 'accept', afterMs: 10 },
];

const PROGRAM = fileURLToPath(new URL('programs/produce.ts', import.meta.url));
const STAGES_PER_SECOND = 300;
/** From the start of its telemetry until a process is killed, at most. */
const LIFE_MS = 2_000;
/** Many small requests, so that a kill meets one at every moment of its life. */
const SMALL_REQUESTS = {
  OTEL_BSP_SCHEDULE_DELAY: '20',
  OTEL_BLRP_SCHEDULE_DELAY: '20',
};

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
  const left = { spooling: [] as number[], adopting: [] as number[] };
  try {
    for (let n = 0; n < options.kills; n += 2) {
      const collector = COLLECTORS[(n / 2) % COLLECTORS.length] ?? { kind: 'accept' };
      await server.behave(collector);
      await Promise.all(
        [n, n + 1].map(async (id) => {
          await killOne(
            { ...env, ...SMALL_REQUESTS, ...senderVariable(String(id)) },
            options.random,
          );
          const requests = spooledRequests(spool);
          left[collector.kind === 'accept' ? 'adopting' : 'spooling'].push(requests.length);
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
      ...judgeRepeats(await server.ledger(), onDisk),
      ...summary(left),
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
  // The first that it says is that it begins; loading it takes as long as the machine is busy.
  await once(child, 'message');
  await setTimeout(random() * LIFE_MS);
  child.kill('SIGKILL');
  await exited;
}

/** Of how many requests lay in the spool after each kill. */
function summary(left: {
  readonly spooling: readonly number[];
  readonly adopting: readonly number[];
}): Pick<KillsResult, 'whileSpooling' | 'whileAdopting' | 'spooledRequests'> {
  const [spooling, adopting] = [left.spooling, left.adopting].map((counts) =>
    counts.filter((count) => count > 0),
  );
  const all = [...(spooling ?? []), ...(adopting ?? [])];
  return {
    whileSpooling: spooling?.length ?? 0,
    whileAdopting: adopting?.length ?? 0,
    spooledRequests: Math.round(all.reduce((sum, count) => sum + count, 0) / all.length),
  };
}
