import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { withRun } from '@milepost/core';
import { TelemetryError, startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';
import { runProgram } from './telemetry-programs/run-program.ts';

const NO_EXPORTERS = {
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
};

beforeEach(() => {
  for (const [name, value] of Object.entries(NO_EXPORTERS)) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function temporaryRoot(): string {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-closed-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, 'data');
}

test('a registry that is closed already is refused, and nothing is left behind', async () => {
  const registry = openRegistry({ root: temporaryRoot() });
  await registry.close();
  const start = startTelemetry({ registry, quiet: true });
  await expect(start).rejects.toThrow(TelemetryError);
  await expect(start).rejects.toMatchObject({
    code: 'MILEPOST_TELEMETRY_OPTIONS',
    message: expect.stringMatching(/the option `registry` .*closed/),
  });
  await using open = openRegistry({ root: temporaryRoot() });
  const telemetry = await startTelemetry({ registry: open, quiet: true });
  withRun({ pipeline: 'minutes' }, () => undefined);
  expect((await telemetry.shutdown()).registry).toEqual({ status: 'ok', waiting: 0, lost: 0 });
});

// Beginning and end of the second stage, and the end of the run.
const LINE =
  'milepost: 3 records of the registry lost ' +
  '(unsent: the registry was closed before stage_started of run minutes_1)\n';

test('what comes after a registry was closed is told by the report and on stderr', async () => {
  const ended = await runProgram('closed-registry.mjs', {
    env: NO_EXPORTERS,
    args: [temporaryRoot(), 'shutdown'],
  });
  expect(ended).toMatchObject({ code: 0, stderr: LINE });
  expect(JSON.parse(ended.stdout)).toEqual({
    status: 'failed',
    waiting: 0,
    lost: 3,
    error: 'the registry was closed before stage_started of run minutes_1',
  });
});

test('and where the program just ends', async () => {
  const ended = await runProgram('closed-registry.mjs', {
    env: NO_EXPORTERS,
    args: [temporaryRoot()],
  });
  expect(ended).toMatchObject({ code: 0, stdout: '', stderr: LINE });
});

test('a registry that is closed after its last record has lost nothing', async () => {
  const registry = openRegistry({ root: temporaryRoot() });
  const telemetry = await startTelemetry({ registry, quiet: true });
  withRun({ pipeline: 'minutes' }, () => undefined);
  await registry.close();
  expect((await telemetry.shutdown()).registry).toEqual({ status: 'ok', waiting: 0, lost: 0 });
});
