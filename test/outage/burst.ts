import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Accounts, accountsOf } from './accounts.ts';
import { adoptSpool } from './adopt-spool.ts';
import { type Behaviour } from './behaviour.ts';
import { senderVariable } from './ledger.ts';
import { type ContenderName } from './programs/contender.ts';
import { type EndOrder } from './programs/producer-notice.ts';
import { startMisbehavingServer } from './start-misbehaving-server.ts';
import { type Produced, startProducer } from './start-producer.ts';

export interface BurstResult extends Accounts, Produced {
  /** How long the program took to make its stages. */
  readonly seconds: number;
}

/** Lets a program make stages all at once, synchronously, and end at once; then has its spool sent. */
export async function measureBurst(
  contender: ContenderName,
  options: {
    readonly stages: number;
    readonly behaviour: Behaviour;
    readonly order: EndOrder;
  },
): Promise<BurstResult> {
  const server = await startMisbehavingServer();
  const spool = mkdtempSync(join(tmpdir(), 'milepost-burst-'));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, MILEPOST_SPOOL: spool };
  try {
    await server.behave(options.behaviour);
    const producer = startProducer(contender, {
      count: options.stages,
      perSecond: 'all',
      env: { ...env, ...senderVariable(contender) },
    });
    const seconds = await producer.made;
    const produced = await producer.end(options.order);
    if (contender === 'milepost') {
      await server.behave({ kind: 'accept' });
      await adoptSpool({ ...env, ...senderVariable('successor') });
    }
    return { ...produced, ...accountsOf(await server.ledger(), options.stages), seconds };
  } finally {
    await server.close();
    rmSync(spool, { recursive: true });
  }
}
