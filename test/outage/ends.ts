import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adoptSpool } from './adopt-spool.ts';
import { type Behaviour } from './behaviour.ts';
import { type LedgerEntry, arrivedOf, senderVariable } from './ledger.ts';
import { median } from './median.ts';
import { type EndName, RECORDS_DUE } from './programs/ends.ts';
import { type Ended, runToEnd } from './run-to-end.ts';
import { startMisbehavingServer } from './start-misbehaving-server.ts';

/** How a collector is when a program ends. */
export const COLLECTORS: Readonly<Record<string, Behaviour>> = {
  up: { kind: 'accept' },
  refusing: { kind: 'refuse' },
  hanging: { kind: 'hang' },
  slow: { kind: 'accept', afterMs: 9_000 },
};

/** What became of the spans and log records of a program that ended. */
export interface EndResult {
  /** Acknowledged when the program was gone. */
  readonly delivered: number;
  /** Arrived later, by a process that took over the spool. */
  readonly spooled: number;
  /** Due and never arrived. */
  readonly lost: number;
  /** Acknowledged once too often. */
  readonly duplicates: number;
  /** Metric points, whenever they arrived. */
  readonly metricPoints: number;
  readonly ended: Ended;
}

/** Lets a program end while the collector is so, then has its spool sent to the collector as it should be. */
export async function measureEnd(collector: Behaviour, end: EndName): Promise<EndResult> {
  const server = await startMisbehavingServer();
  const spool = mkdtempSync(join(tmpdir(), 'milepost-end-'));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, MILEPOST_SPOOL: spool };
  try {
    await server.behave(collector);
    const ended = await runToEnd('milepost', end, { ...env, ...senderVariable('program') });
    await server.behave({ kind: 'accept' });
    const atEnd = await server.ledger();
    await adoptSpool({ ...env, ...senderVariable('successor') });
    const ledger = await server.ledger();
    const delivered = countRecords(atEnd.filter(({ outcome }) => outcome === 'acknowledged'));
    const arrived = countRecords(ledger);
    return {
      delivered,
      spooled: arrived - delivered,
      lost: RECORDS_DUE - arrived,
      duplicates: arrivedOf(ledger, 'traces').duplicates + arrivedOf(ledger, 'logs').duplicates,
      metricPoints: arrivedOf(ledger, 'metrics').keys.size,
      ended,
    };
  } finally {
    await server.close();
    rmSync(spool, { recursive: true });
  }
}

/** Spans and log records, each counted once. */
function countRecords(ledger: readonly LedgerEntry[]): number {
  return arrivedOf(ledger, 'traces').keys.size + arrivedOf(ledger, 'logs').keys.size;
}

/** Milliseconds by which an end is later than that of the same program without telemetry; medians. */
export function addedMs(ours: readonly Ended[], without: readonly Ended[]): number {
  const times = (ended: readonly Ended[]): number[] => ended.map(({ endingMs }) => endingMs);
  return median(times(ours)) - median(times(without));
}
