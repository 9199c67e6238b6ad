import { execFile } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Accounts, accountsOf } from './accounts.ts';
import { adoptSpool } from './adopt-spool.ts';
import { senderVariable } from './ledger.ts';
import { startMisbehavingServer } from './start-misbehaving-server.ts';
import { type Produced, startProducer } from './start-producer.ts';

const run = promisify(execFile);

export interface DiskResult extends Accounts, Produced {}

/**
 * Lets a program make stages for some seconds while nobody listens and the disk of its spool takes little or nothing,
 * then lets the collector return. Mounts a file system, which only root may.
 */
export async function measureDisk(options: {
  /** Options of a tmpfs, as `mount` takes them. */
  readonly mount: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Whether the collector comes back before the program ends, or only for the next one. */
  readonly returns: 'before the end' | 'after the end';
}): Promise<DiskResult> {
  const { perSecond, seconds, returns } = options;
  const spool = mkdtempSync(join(tmpdir(), 'milepost-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', options.mount, 'tmpfs', spool]);
  const server = await startMisbehavingServer();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, MILEPOST_SPOOL: spool };
  const stages = perSecond * seconds;
  try {
    await server.behave({ kind: 'refuse' });
    const producer = startProducer('milepost', {
      count: stages,
      perSecond,
      env: { ...env, ...senderVariable('program') },
    });
    await producer.made;
    if (returns === 'before the end') {
      await server.behave({ kind: 'accept' });
      await Promise.race([
        producer.untilWaiting(({ memory, disk }) => memory + disk === 0),
        setTimeout(SETTLE_MS, undefined, { ref: false }),
      ]);
    }
    const produced = await producer.end('shutdown');
    await server.behave({ kind: 'accept' });
    await adoptSpool({ ...env, ...senderVariable('successor') });
    return { ...produced, ...accountsOf(await server.ledger(), stages) };
  } finally {
    await server.close();
    await run('umount', [spool]);
    rmdirSync(spool);
  }
}

/** Most time for what waited to arrive once the collector is back. */
const SETTLE_MS = 60_000;
