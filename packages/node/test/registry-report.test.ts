import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { withRun } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';

beforeEach(() => {
  for (const signal of ['TRACES', 'LOGS', 'METRICS']) {
    vi.stubEnv(`OTEL_${signal}_EXPORTER`, 'none');
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A root that can be written to when `clear` was called. */
function blockedRoot(): { readonly root: string; clear: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-node-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const root = join(directory, 'data');
  writeFileSync(root, 'in the way');
  return { root, clear: () => rmSync(root) };
}

test('a registry that cannot write is told, and so is that it could later', async () => {
  const { root, clear } = blockedRoot();
  await using registry = openRegistry({ root });
  const telemetry = await startTelemetry({ registry, quiet: true });
  onTestFinished(async () => {
    await telemetry.shutdown({ timeoutMs: 0 });
  });
  expect(await withRun({ pipeline: 'minutes', runId: 'minutes_1' }, async () => 'value')).toBe(
    'value',
  );
  expect((await telemetry.flush()).registry).toEqual({
    // Beginning and end of the run: they are tried again.
    status: 'waiting',
    waiting: 2,
    lost: 0,
    error: expect.stringMatching(/run minutes_1 is not on disk: /),
  });
  clear();
  expect((await telemetry.flush()).registry).toEqual({
    status: 'ok',
    waiting: 0,
    lost: 0,
  });
  expect(await registry.readRun('minutes_1')).toMatchObject({ status: 'completed' });
});

test('the report of a shutdown tells it too', async () => {
  const { root, clear } = blockedRoot();
  await using registry = openRegistry({ root });
  const telemetry = await startTelemetry({ registry, quiet: true });
  withRun({ pipeline: 'minutes', runId: 'minutes_1' }, () => undefined);
  expect((await telemetry.shutdown()).registry).toMatchObject({ status: 'waiting', waiting: 2 });
  clear();
});

test('records for which there is no room are lost, and are told once', async () => {
  const { root } = blockedRoot();
  await using registry = openRegistry({ root, maxPendingBytes: 1 });
  const telemetry = await startTelemetry({ registry, quiet: true });
  withRun({ pipeline: 'minutes', runId: 'minutes_1' }, () => undefined);
  const { lostRecords } = registry.health();
  expect(lostRecords).toBeGreaterThan(0);
  expect((await telemetry.flush()).registry).toEqual({
    status: 'failed',
    waiting: registry.health().pendingRecords,
    lost: lostRecords,
    error: expect.any(String),
  });
  expect((await telemetry.flush()).registry.lost).toBe(0);
  withRun({ pipeline: 'minutes', runId: 'minutes_2' }, () => undefined);
  expect((await telemetry.shutdown()).registry).toMatchObject({
    status: 'failed',
    lost: registry.health().lostRecords - lostRecords,
  });
});
