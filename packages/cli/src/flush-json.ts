import { type FlushResult } from './flush-spool.ts';
import { type JsonAnswer } from './run-json.ts';
import { spoolEntryJson } from './spool-json.ts';

/** The answer of `milepost flush --json`. */
export function flushJson(results: readonly FlushResult[]): JsonAnswer {
  return {
    spools: results.map(({ directory, restored, signals, left }) => ({
      directory,
      restored,
      signals: signals.map(({ signal, to, sent, refused, error }) => ({
        signal,
        url: to,
        sent,
        refused,
        error: error ?? null,
      })),
      left: left.map(spoolEntryJson),
    })),
  };
}
