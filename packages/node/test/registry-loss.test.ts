import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withRun } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { RegistryLoss } from '../src/registry-loss.ts';

/** A registry whose root is a file: nothing can be written. */
function blockedRegistry(maxPendingBytes: number) {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-node-'));
  const root = join(directory, 'data');
  writeFileSync(root, 'in the way');
  const registry = openRegistry({ root, maxPendingBytes });
  connectRegistry(registry);
  onTestFinished(async () => {
    await registry.close();
    rmSync(directory, { recursive: true });
  });
  return registry;
}

test('what waits is lost only when the process ends, and then by its reason', () => {
  const registry = blockedRegistry(1_000_000);
  const loss = new RegistryLoss(registry);
  withRun({ pipeline: 'minutes' }, () => undefined);
  expect(loss.report()).toEqual({ registry: { lost: { memory_full: 0, unsent: 0 } } });
  expect(loss.describe()).toEqual([]);
  loss.end();
  expect(loss.report()).toEqual({ registry: { lost: { memory_full: 0, unsent: 2 } } });
  expect(loss.describe()).toEqual([
    { why: expect.stringMatching(/^unsent: the journal of run minutes_\S+: /), records: 2 },
  ]);
});

test('what found no room is lost at once', () => {
  const registry = blockedRegistry(1);
  const loss = new RegistryLoss(registry);
  withRun({ pipeline: 'minutes' }, () => undefined);
  expect(loss.report()).toEqual({ registry: { lost: { memory_full: 3, unsent: 0 } } });
  expect(loss.describe()).toEqual([{ why: 'memory_full', records: 3 }]);
});

test('a registry that is closed has lost what still waited', async () => {
  const registry = blockedRegistry(1_000_000);
  const loss = new RegistryLoss(registry);
  withRun({ pipeline: 'minutes' }, () => undefined);
  await registry.close();
  const { unsent } = registry.health().lostByReason;
  expect(unsent).toBeGreaterThanOrEqual(2);
  expect(loss.report()).toEqual({ registry: { lost: { memory_full: 0, unsent } } });
});
