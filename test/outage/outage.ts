import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Accounts, accountsOf } from './accounts.ts';
import { type Behaviour } from './behaviour.ts';
import { directorySize } from './directory-size.ts';
import { senderVariable } from './ledger.ts';
import { type ContenderName } from './programs/contender.ts';
import { type MisbehavingServer, startMisbehavingServer } from './start-misbehaving-server.ts';
import { type Produced, startProducer } from './start-producer.ts';

export interface OutageOptions {
  readonly perSecond: number;
  /** How the collector is out. */
  readonly behaviour: Behaviour;
  /** How long it works before, is out, and how long the stages go on afterwards. */
  readonly seconds: { readonly before: number; readonly out: number; readonly after: number };
}

export interface OutageResult extends Accounts, Produced {
  /** From the collector's return to the last record that arrived. */
  readonly drainedAfterSeconds: number;
  readonly peakSpoolBytes: number;
}

/** Nothing new for so long: nothing more will come. */
const QUIET_MS = 20_000;
const LOOK_EVERY_MS = 100;

/** Lets a program make stages while its collector works, is out, and works again; waits until all arrived or nothing more comes. */
export async function measureOutage(
  contender: ContenderName,
  { perSecond, behaviour, seconds }: OutageOptions,
): Promise<OutageResult> {
  const server = await startMisbehavingServer();
  const spool = mkdtempSync(join(tmpdir(), 'milepost-outage-'));
  let peakSpoolBytes = 0;
  const looks = setInterval(() => {
    peakSpoolBytes = Math.max(peakSpoolBytes, directorySize(spool));
  }, LOOK_EVERY_MS);
  try {
    const stages = perSecond * (seconds.before + seconds.out + seconds.after);
    const producer = startProducer(contender, {
      count: stages,
      perSecond,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        MILEPOST_SPOOL: spool,
        ...senderVariable(contender),
      },
    });
    await setTimeout(seconds.before * 1000);
    await server.behave(behaviour);
    await setTimeout(seconds.out * 1000);
    await server.behave({ kind: 'accept' });
    const back = Date.now();
    await producer.made;
    await untilAllCame(server, stages);
    const produced = await producer.end('shutdown');
    const ledger = await server.ledger();
    const last = ledger.findLast((entry) => entry.signal !== 'metrics')?.at ?? back;
    return {
      ...produced,
      ...accountsOf(ledger, stages),
      drainedAfterSeconds: (last - back) / 1000,
      peakSpoolBytes,
    };
  } finally {
    clearInterval(looks);
    await server.close();
    rmSync(spool, { recursive: true });
  }
}

async function untilAllCame(server: MisbehavingServer, stages: number): Promise<void> {
  const came = (): number =>
    (server.seen.acknowledged['traces'] ?? 0) + (server.seen.acknowledged['logs'] ?? 0);
  const stopped = new AbortController();
  const quiet = async (): Promise<void> => {
    for (let before = -1; came() !== before;) {
      before = came();
      await setTimeout(QUIET_MS, undefined, { signal: stopped.signal });
    }
  };
  await Promise.race([server.until(() => came() >= stages * 3), quiet()]).finally(() =>
    stopped.abort(),
  );
}
