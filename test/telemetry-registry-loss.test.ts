import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startOtlpServer } from './otlp-server/index.ts';
import { runProgram } from './telemetry-programs/run-program.ts';

const STAGES = 20;
/** Beginning and end of the run, and of each stage. */
const RECORDS = 2 + 2 * STAGES;

test('what a full disk costs the registry is counted by reason, and said at the end', async () => {
  const server = await startOtlpServer();
  const root = mkdtempSync(join(tmpdir(), 'milepost-full-'));
  onTestFinished(async () => {
    await server.close();
    rmSync(root, { recursive: true });
  });
  const { code, stdout, stderr } = await runProgram('full-disk.mjs', {
    // With a spool nothing else is lost, however busy the machine is.
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, MILEPOST_SPOOL: join(root, 'spool') },
    args: [root, String(STAGES)],
  });
  expect(code).toBe(0);
  const { memory_full, unsent, pendingRecords } = JSON.parse(stdout);
  expect({ recorded: memory_full + pendingRecords, unsent }).toEqual({
    recorded: RECORDS,
    unsent: 0,
  });
  expect(pendingRecords).toBeGreaterThan(0);

  const lost = server
    .metricPoints()
    .filter(({ name, attributes }) => {
      return name === 'pipeline.telemetry.lost' && attributes['signal'] === 'registry';
    })
    .map(({ value, attributes }) => ({ value, reason: attributes['reason'] }));
  const valuesOf = (reason: string): unknown[] =>
    lost.flatMap((point) => (point.reason === reason ? point.value : []));
  // From 0 on, for the alert that sees the first.
  expect(valuesOf('memory_full')).toContain(0);
  expect(valuesOf('memory_full').at(-1)).toBe(memory_full);
  expect(valuesOf('unsent')).toContain(0);
  expect(new Set(valuesOf('rejected'))).toEqual(new Set([0]));

  expect(stderr).toMatch(
    new RegExp(
      `^milepost: ${memory_full} records of the registry lost \\(memory_full\\); ` +
        `${pendingRecords} records of the registry lost \\(unsent: .*ENOSPC.*\\)`,
    ),
  );
});
