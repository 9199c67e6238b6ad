import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSpool, type OtlpRequest, type Spool, type SpoolOptions } from '@milepost/delivery';

/** Where the requests of the tests go. */
export const DESTINATIONS = {
  traces: 'http://localhost:4318/v1/traces',
  logs: 'http://localhost:4318/v1/logs',
  metrics: 'http://user:secret@localhost:4318/v1/metrics?key=secret',
};

/** A directory of its own for one test, gone when the test is over. The spool is `spool` in it, and not made yet. */
export function temporarySpool(): string {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-spool-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return join(directory, 'spool');
}

/** A spool, and what it said that it lost. */
export interface OpenedSpool {
  readonly spool: Spool;
  readonly lost: readonly (readonly [signal: string, reason: string, records: number])[];
}

/** Opens a spool whose owner lets go when the test is over. */
export function opened(directory: string, options: Partial<SpoolOptions> = {}): OpenedSpool {
  const lost: [string, string, number][] = [];
  const spool = openSpool({
    directory,
    destinations: DESTINATIONS,
    onLost: (...what) => lost.push(what),
    ...options,
  });
  onTestFinished(() => spool.releaseSync());
  return { spool, lost };
}

/** A request of five spans that says its number. */
export function request(sequence: number, more: Partial<OtlpRequest> = {}): OtlpRequest {
  return {
    signal: 'traces',
    sequence,
    body: Buffer.from(`request ${sequence}`),
    encoding: 'identity',
    contentType: 'application/json',
    records: 5,
    time: 1_800_000_000_000 + sequence,
    isSuperseded: false,
    ...more,
  };
}

const RANDOM = /[0-9a-f]{16}(?=[./]|$)/g;

/** Files below a directory, sorted, with what is random in their names as `*`. */
export function files(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => !statSync(join(directory, path)).isDirectory())
    .map((path) => path.replaceAll('\\', '/').replaceAll(RANDOM, '*'))
    .toSorted();
}

/** Paths of the requests that wait below a directory. */
export function requestPaths(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.otlp') && !path.startsWith('dead-letters'))
    .map((path) => join(directory, path))
    .toSorted();
}

/** Takes everything that a spool has taken over: the bodies as text, oldest first. */
export async function drained(spool: Spool): Promise<readonly string[]> {
  const bodies: string[] = [];
  for (const signal of ['traces', 'logs', 'metrics'] as const) {
    for (let stored = spool.firstAdopted(signal); stored; stored = spool.firstAdopted(signal)) {
      const found = await spool.read(stored);
      if (found !== undefined) bodies.push(Buffer.from(found.body).toString());
      await spool.remove(stored);
    }
  }
  return bodies;
}
