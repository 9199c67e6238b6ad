import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';

const PROGRAM = fileURLToPath(new URL('programs/stage-once.ts', import.meta.url));

/**
 * Runs the program that runs one stage once, sending to a collector, and resolves at its end.
 * @param outcome `hangs`: it is killed (SIGKILL) some moments after the stage began
 * @param more.runId default: one of its own making
 * @returns its exit code; null where it was killed
 */
export async function runStageOnce(
  outcome: 'completes' | 'fails' | 'hangs',
  otlpUrl: string,
  more: { readonly runId?: string; readonly expectedIntervalSeconds?: number } = {},
): Promise<number | null> {
  const { runId, expectedIntervalSeconds } = more;
  const spool = mkdtempSync(join(tmpdir(), 'milepost-spool-'));
  const child = spawn(
    process.execPath,
    [
      ...RUN_TYPESCRIPT,
      '--conditions=@milepost/source',
      PROGRAM,
      outcome,
      ...(expectedIntervalSeconds === undefined ? [] : [String(expectedIntervalSeconds)]),
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'] ?? '',
        OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
        MILEPOST_SPOOL: spool,
        ...(runId !== undefined && { MILEPOST_RUN_ID: runId }),
      },
    },
  );
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS));
  child.stdout.resume();
  await once(child, 'close');
  rmSync(spool, { recursive: true, force: true });
  return child.exitCode;
}

// The start of a stage is told within a second.
const KILL_AFTER_MS = 3000;
