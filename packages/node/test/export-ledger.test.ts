import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';
import { ExportLedger } from '../src/export-ledger.ts';
import { TrackedExporter } from '../src/tracked-exporter.ts';

const SUCCESS: ExportResult = { code: ExportResultCode.SUCCESS };
const FAILURE: ExportResult = { code: ExportResultCode.FAILED, error: new Error('no') };

/** An exporter that answers as told, and keeps what it got. */
function exporter(answer: ExportResult | Error): {
  exported: unknown[];
  export(records: unknown[], callback: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
} {
  const exported: unknown[] = [];
  return {
    exported,
    export: (records, callback) => {
      if (answer instanceof Error) throw answer;
      exported.push(...records);
      callback(answer);
    },
    shutdown: async () => undefined,
  };
}

function exportThrough(answer: ExportResult | Error, ledger = new ExportLedger()) {
  const inner = exporter(answer);
  const results: ExportResult[] = [];
  new TrackedExporter(inner, ledger).export(['a', 'b'], (result) => results.push(result));
  return { ledger, results, exported: inner.exported };
}

test.for([
  ['succeeds', SUCCESS, { undelivered: 0, error: undefined }],
  ['fails', FAILURE, { undelivered: 2, error: 'no' }],
  ['fails without a reason', { code: 1 }, { undelivered: 2, error: 'no reason was given' }],
  ['throws', new Error('broken'), { undelivered: 2, error: 'broken' }],
] as const)('an export that %s', ([, answer, report]) => {
  const { ledger, results } = exportThrough(answer);
  expect(ledger.takeReport()).toEqual(report);
  expect(results).toHaveLength(1);
  expect(ledger.isBusy).toBe(false);
});

test('is busy, and not idle, until the answer', async () => {
  const ledger = new ExportLedger();
  const ends = [ledger.begin(1), ledger.begin(1)];
  let idle = false;
  const waiting = ledger.idle().then(() => (idle = true));
  ends[0]?.();
  await Promise.resolve();
  expect([ledger.isBusy, idle]).toEqual([true, false]);
  ends[1]?.();
  await waiting;
  expect(ledger.isBusy).toBe(false);
});

test('a second answer to one export does not count', () => {
  const ledger = new ExportLedger();
  const end = ledger.begin(3);
  end({ error: 'first' });
  end({ error: 'second' });
  expect(ledger.takeReport()).toEqual({ undelivered: 3, error: 'first' });
});

test('what is abandoned is lost, is not waited for, and may still be answered', async () => {
  const ledger = new ExportLedger();
  const ends = [ledger.begin(3), ledger.begin(4)];
  const idle = ledger.idle();
  ledger.abandon('no answer in time');
  await idle;
  ends[0]?.();
  ends[1]?.({ error: 'late' });
  expect(ledger.takeReport()).toEqual({ undelivered: 7, error: 'no answer in time' });
});

describe('once it is closed', () => {
  test('nothing more is sent, and what waited or comes is lost', () => {
    const ledger = new ExportLedger();
    ledger.accept();
    ledger.close();
    const { exported, results } = exportThrough(SUCCESS, ledger);
    expect(exported).toEqual([]);
    expect(results).toMatchObject([{ code: ExportResultCode.FAILED }]);
    expect(ledger.takeReport()).toEqual({ undelivered: 3, error: 'telemetry has been shut down' });
  });

  test('an export that would only repeat the last one is left out', () => {
    const ledger = new ExportLedger({ supersedes: true });
    ledger.close();
    const { exported, results } = exportThrough(SUCCESS, ledger);
    expect(exported).toEqual([]);
    expect(results).toEqual([SUCCESS]);
    expect(ledger.takeReport()).toEqual({ undelivered: 0, error: undefined });
  });
});
