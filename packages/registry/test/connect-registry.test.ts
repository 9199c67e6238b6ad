import { expect, test } from 'vitest';
import { withRun } from '@milepost/core';
import { currentRunStore } from '@milepost/core/hooks';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';

const run = (runId: string): Promise<number> => withRun({ pipeline: 'p', runId }, async () => 1);

test('a registry is connected until the last of its connections ends', async () => {
  await using registry = openRegistry({ root: temporaryRoot() });
  const first = connectRegistry(registry);
  const second = connectRegistry(registry);
  expect(currentRunStore()).toBe(registry.runStore);
  first();
  first();
  await run('r_1');
  expect(await registry.readRun('r_1')).toMatchObject({ attempt: 1, status: 'completed' });
  second();
  expect(currentRunStore()).toBeUndefined();
  await run('r_2');
  expect(await registry.listAllJobs()).toEqual(['r_1']);
});

test('two registries both record; the first one answers', async () => {
  await using one = openRegistry({ root: temporaryRoot() });
  await using two = openRegistry({ root: temporaryRoot() });
  const disconnect = [connectRegistry(one), connectRegistry(two)];
  expect(currentRunStore()).toBe(one.runStore);
  await run('r_1');
  for (const end of disconnect) end();
  expect([await one.listAllJobs(), await two.listAllJobs()]).toEqual([['r_1'], ['r_1']]);
});

test('a registry that is closed is connected no more: another takes its place', async () => {
  const one = openRegistry({ root: temporaryRoot() });
  const first = connectRegistry(one);
  connectRegistry(one);
  await run('r_1');
  await one.close();
  expect(currentRunStore()).toBeUndefined();
  await using two = openRegistry({ root: temporaryRoot() });
  const disconnect = connectRegistry(two);
  // It ended already, and ends nothing of the other.
  first();
  expect(currentRunStore()).toBe(two.runStore);
  await run('r_2');
  disconnect();
  expect(await one.listAllJobs()).toEqual(['r_1']);
  expect(await two.listAllJobs()).toEqual(['r_2']);
});
