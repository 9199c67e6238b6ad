import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import { openRegistry } from '@milepost/registry';
import { directoryNameOf, nameOfDirectory } from '../src/path-name.ts';
import { connectedRegistry } from './connected-registry.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

const HOSTILE = [
  '../../x',
  '/etc/passwd',
  'a\0b',
  'https://example.org/a?b=c&d',
  '🚀 läuft',
  'x'.repeat(10_000),
  'latest',
  'LATEST',
  'job_metadata',
  'job_registry',
  'exports',
  'CON',
  'nul.txt',
  '.hidden',
  'dot.',
  '%41',
  '~',
  ' ',
  '__proto__',
];

describe('directory names', () => {
  test.for([
    ['citekey1', 'citekey1'],
    ['page 1.pdf', 'page%201.pdf'],
    ['../x', '%2E.%2Fx'],
    ['.', '%2E'],
    ['..', '%2E%2E'],
    ['latest', '%6Catest'],
    ['Job_Registry', '%4Aob_Registry'],
    ['aux.json', '%61ux.json'],
    ['a.', 'a%2E'],
    ['', '%'],
    ['ä', '%C3%A4'],
  ] as const)('%j becomes %j', ([name, directory]) => {
    expect(directoryNameOf(name)).toBe(directory);
  });

  test('every name has one of its own, of plain characters, at most 100 long, that leads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const directory = directoryNameOf(a);
        expect(directory).toMatch(/^[A-Za-z0-9._~%-]{1,100}$/);
        expect(directory).not.toMatch(/^\.|\.$/);
        expect(directory === directoryNameOf(b)).toBe(a === b);
        if (!directory.includes('~')) expect(nameOfDirectory(directory)).toBe(a);
      }),
    );
  });

  test('a long name keeps its beginning and gets a hash', () => {
    expect(directoryNameOf('x'.repeat(10_000))).toMatch(/^x{60}~[0-9a-f]{32}$/);
    expect(directoryNameOf('x'.repeat(10_000))).not.toBe(directoryNameOf('x'.repeat(10_001)));
  });
});

test.for(HOSTILE)('an item %j is found by its name, its results below the root', async (item) => {
  const registry = connectedRegistry();
  await withRun({ pipeline: 'p', runId: 'r_1' }, () =>
    withStage('ocr', () =>
      withItem(item, async () => {
        await registry.writeResult(item, 'result.json', { ok: true });
      }),
    ),
  );
  expect(await registry.findItem(item)).toMatchObject({
    sightings: [{ runId: 'r_1', stage: 'ocr', status: 'completed', outputs: [{ item_id: item }] }],
    problems: [],
  });
  expect(readJson(registry.root, 'analytics/job_registry/r_1.json')).toMatchObject({
    pipeline_steps: { ocr: { items: { list: [item] } } },
  });
  expect(readdirSync(join(registry.root, '..'))).toEqual(['data']);
  expect(tree(registry.root).filter((line) => line.includes('result.json'))).toEqual([
    `analytics/ocr/${directoryNameOf(item)}/r_1/result.json`,
  ]);
});

test.for(HOSTILE)('a stage %j is recorded below the root under its own name', async (stage) => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r_1' }).start();
  told.stage(stage, ['a']);
  told.end();
  await registry.flush();
  expect(await registry.getStepMetadata(stage, 'r_1')).toMatchObject({ pipeline_step: stage });
  expect(await registry.listAllJobs({ step: stage })).toEqual(['r_1']);
  expect((await registry.readRun('r_1'))?.executions).toMatchObject([{ stage }]);
  expect(readdirSync(join(root, '..'))).toEqual(['data']);
  expect(tree(root).filter((line) => line.endsWith('job_metadata/r_1.json'))).toEqual([
    `analytics/${directoryNameOf(stage)}/job_metadata/r_1.json`,
  ]);
  expect(await registry.rebuildCentralRegistry()).toBe(1);
});

test.for(['../x', 'a/b', '', '.x', 'x\0', 'latest', '🚀'])(
  'a run ID %j from elsewhere is refused, and nothing is written',
  async (runId) => {
    const root = temporaryRoot();
    await using registry = openRegistry({ root });
    new ToldRun((event) => registry.listener.onEvent(event), { runId }).start().stage('ocr');
    await registry.flush();
    expect(tree(join(root, '..'))).toEqual([]);
  },
);
