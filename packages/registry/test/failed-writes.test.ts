import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type RegistryFileSystem,
  isRegistryError,
  nodeFileSystem,
  openRegistry,
} from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

const RUN = '2026-01-01_21-37-23';
const HUB = `analytics/job_registry/${RUN}.json`;

const noSpace = (): Error => Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });

/** Node's file system, in which no file is given a name as long as `failing` says. */
function namingUnless(failing: () => boolean): RegistryFileSystem {
  return {
    ...nodeFileSystem,
    rename: (from, to) => (failing() ? Promise.reject(noSpace()) : nodeFileSystem.rename(from, to)),
    link: (from, to) => (failing() ? Promise.reject(noSpace()) : nodeFileSystem.link(from, to)),
  };
}

/** A root below a regular file: nothing can be written there. */
function impossibleRoot(): string {
  const root = temporaryRoot();
  writeFileSync(root, 'in the way');
  return join(root, 'data');
}

async function errorOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    if (isRegistryError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('expected a rejection');
}

test('a flush says what could not be written, and the next one writes it', async () => {
  const root = temporaryRoot();
  let failing = true;
  await using registry = openRegistry({ root, fs: namingUnless(() => failing) });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('ocr', ['a']);
  told.end();
  expect(await errorOf(registry.flush())).toEqual({
    code: 'write_failed',
    message: `run ${RUN} is not on disk: ENOSPC: no space left`,
  });
  expect(tree(root)).toEqual([`.milepost/journal/${RUN}/{writer}.jsonl`]);
  failing = false;
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({ status: 'completed' });
  expect(readJson(root, `analytics/ocr/job_metadata/${RUN}.json`)).toMatchObject({
    status: 'completed',
  });
});

test('close says what could not be written, where asked to', async () => {
  const fs = namingUnless(() => true);
  const registry = openRegistry({ root: temporaryRoot(), fs, onError: 'throw' });
  new ToldRun((event) => registry.listener.onEvent(event)).start().end();
  expect(await errorOf(registry.close())).toMatchObject({ code: 'write_failed' });
});

test('a flush counts the runs that could not be written', async () => {
  const registry = openRegistry({ root: impossibleRoot(), onError: 'throw' });
  for (const runId of ['a_1', 'b_2', 'c_3']) {
    new ToldRun((event) => registry.listener.onEvent(event), { runId }).start().end();
  }
  expect((await errorOf(registry.flush())).message).toMatch(
    /^run a_1 is not on disk: .*, and 2 runs more$/,
  );
  await errorOf(registry.close());
});

test('a step that is not on disk was not saved', async () => {
  const registry = openRegistry({ root: impossibleRoot(), onError: 'throw' });
  expect(
    await errorOf(registry.saveStepMetadata('ocr', RUN, { status: 'completed' })),
  ).toMatchObject({ code: 'write_failed' });
  await errorOf(registry.close());
});

test('the flush of the feed never rejects, and reading goes on', async () => {
  const registry = openRegistry({ root: impossibleRoot(), onError: 'throw' });
  new ToldRun((event) => registry.listener.onEvent(event)).start().end();
  await registry.listener.flush?.();
  await registry.listener.flush?.(RUN);
  expect((await registry.listRuns()).runs).toEqual([]);
  await errorOf(registry.close());
});
