import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from './run-program.ts';

type Outcome = 'completes' | 'loses an item' | 'slow' | 'fails' | 'hangs' | 'lives';

/** What a run of the program is like, where it is not as ever. */
export interface StageOnce {
  /** Default: one of its own making. */
  readonly runId?: string;
  /** Default: `alameda`. */
  readonly subdomain?: string;
  readonly expectedIntervalSeconds?: number;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called when it comes to an outcome. */
  readonly onOutcome?: (outcome: string) => void;
  /** Ends a process that `lives` when it resolves. Default: some moments. */
  readonly until?: Promise<unknown>;
}

/**
 * Runs the program that runs one stage once, or once for each of the outcomes, sending to a collector, and resolves at its end.
 * @param outcomes `hangs` and `lives`: it is killed (SIGKILL) some moments later
 * @returns its exit code; null where it was killed
 */
export async function runStageOnce(
  outcomes: Outcome | readonly Outcome[],
  otlpUrl: string,
  { runId, subdomain, expectedIntervalSeconds, env, onOutcome, until }: StageOnce = {},
): Promise<number | null> {
  const spool = mkdtempSync(join(tmpdir(), 'milepost-spool-'));
  try {
    return await runProgram('stage-once.ts', {
      args: [
        [outcomes].flat().join(','),
        ...(expectedIntervalSeconds === undefined ? [] : [String(expectedIntervalSeconds)]),
      ],
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
        MILEPOST_SPOOL: spool,
        ...(runId !== undefined && { MILEPOST_RUN_ID: runId }),
        ...(subdomain !== undefined && { MILEPOST_TEST_SUBDOMAIN: subdomain }),
        ...env,
      },
      onLine: async (line, kill) => {
        if (line === 'hangs' || line === 'lives') {
          await (until ?? delay(KILL_AFTER_MS));
          kill();
        }
        onOutcome?.(line);
      },
    });
  } finally {
    rmSync(spool, { recursive: true, force: true });
  }
}

// The start of a stage is told within a second.
const KILL_AFTER_MS = 3000;
