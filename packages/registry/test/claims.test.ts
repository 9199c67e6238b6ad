import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { joinRun, withRun, withStage } from '@milepost/core';
import { type RegistryFileSystem, nodeFileSystem, openRegistry } from '@milepost/registry';
import { connectedRegistry } from './connected-registry.ts';
import { temporaryRoot } from './temporary-root.ts';
import { START, ToldRun } from './told-run.ts';
import { tree } from './tree.ts';

const TIME = new Date('2026-01-01T21:37:23Z');

describe('run IDs', () => {
  test('a second is given once, also to two registries', () => {
    const root = temporaryRoot();
    const one = openRegistry({ root }).runStore;
    const two = openRegistry({ root }).runStore;
    expect([one, two, one, two].map((store) => store.claimRunId('timestamp', TIME))).toEqual([
      '2026-01-01_21-37-23',
      '2026-01-01_21-37-24',
      '2026-01-01_21-37-25',
      '2026-01-01_21-37-26',
    ]);
    expect(two.claimRunId('compact', TIME)).toBe('260101-213727');
  });

  test('a second that a run or upload of others has is not given', () => {
    const root = temporaryRoot();
    const put = (path: string): void => {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), '{}');
    };
    put('analytics/job_registry/2026-01-01_21-37-23.json');
    put('sources/job_metadata/2026-01-01_21-37-24.json');
    expect(openRegistry({ root }).runStore.claimRunId('timestamp', TIME)).toBe(
      '2026-01-01_21-37-25',
    );
  });

  test('withRun takes one', async () => {
    const registry = connectedRegistry();
    await withRun({ pipeline: 'p', runIdFormat: 'timestamp' }, async () => 1);
    await withRun({ pipeline: 'p', runIdFormat: 'timestamp' }, async () => 1);
    const jobs = await registry.listAllJobs();
    expect(jobs).toHaveLength(2);
    expect(jobs.every((job) => /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/.test(job))).toBe(true);
  });
});

describe('attempts', () => {
  test('are claimed one after the other, also by two registries', () => {
    const root = temporaryRoot();
    const one = openRegistry({ root }).runStore;
    const two = openRegistry({ root }).runStore;
    expect([one, two, one].map((store) => store.claimAttempt('r_1'))).toEqual([1, 2, 3]);
    expect(one.claimAttempt('r_2')).toBe(1);
  });

  test('a run with an ID of its own becomes attempt 2 when it is given again', async () => {
    const registry = connectedRegistry();
    let runId = '';
    await withRun({ pipeline: 'p' }, () => withStage('ocr', async () => 1));
    runId = (await registry.listAllJobs())[0] ?? '';
    await withRun({ pipeline: 'p', runId }, () => withStage('ocr', async () => 1));
    expect(await registry.readRun(runId)).toMatchObject({
      attempt: 2,
      executions: [{ runAttempt: 1 }, { runAttempt: 2 }],
    });
  });

  test('a run that only others recorded has had its first', () => {
    const root = temporaryRoot();
    mkdirSync(join(root, 'analytics/job_registry'), { recursive: true });
    writeFileSync(join(root, 'analytics/job_registry/r_1.json'), '{}');
    expect(openRegistry({ root }).runStore.claimAttempt('r_1')).toBe(2);
  });
});

describe('runs that exist', () => {
  test('by ID, by alias, and the one that started last, at once and from another registry', async () => {
    const registry = connectedRegistry();
    const run = { pipeline: 'minutes', subdomain: 'alameda', stages: ['ocr', 'toc'] };
    const inside = await withRun({ ...run, runId: '2026-01-01_21-37-23' }, async () => {
      await withStage('ocr', async () => 1);
      return registry.runStore.resolveRun('latest');
    });
    const expected = {
      runId: '2026-01-01_21-37-23',
      attempt: 1,
      pipeline: 'minutes',
      subdomain: 'alameda',
      stages: ['ocr', 'toc'],
    };
    expect(inside).toMatchObject(expected);
    const other = openRegistry({ root: registry.root }).runStore;
    expect(other.resolveRun('2026-01-01_21-37-23')).toMatchObject(expected);
    expect(other.resolveRun('260101-213723')).toMatchObject(expected);
    expect(other.resolveRun('latest')).toMatchObject(expected);
    expect(other.resolveRun('2026-01-01_21-37-24')).toBeUndefined();
    expect(other.resolveRun('../x')).toBeUndefined();
  });

  test('latest goes by start, not by name', async () => {
    const registry = connectedRegistry();
    await withRun({ pipeline: 'p', runId: 'z_first' }, async () => 1);
    await withRun({ pipeline: 'p', runId: 'a_second' }, async () => 1);
    expect(openRegistry({ root: registry.root }).runStore.resolveRun('latest')).toMatchObject({
      runId: 'a_second',
    });
  });

  test('joinRun adds a stage to the latest', async () => {
    const registry = connectedRegistry();
    await withRun({ pipeline: 'minutes', runId: 'r_1' }, () => withStage('ocr', async () => 1));
    await joinRun('latest', () =>
      withStage('sync_ocr', async (stage) => stage.set('files_uploaded', 24)),
    );
    await registry.flush();
    expect(await registry.getCentralRegistry('r_1')).toMatchObject({
      status: 'completed',
      pipeline_steps: { ocr: { status: 'completed' }, sync_ocr: { files_uploaded: 24 } },
    });
    expect(await registry.listAllJobs()).toEqual(['r_1']);
  });

  test('a run is joined with the time at which it began', async () => {
    const registry = connectedRegistry();
    const begun = await withRun(
      { pipeline: 'minutes', runId: 'r_1' },
      async (run) => run.startTime,
    );
    const joined = joinRun('r_1', (run) => run.startTime);
    expect(registry.runStore.resolveRun('r_1')).toMatchObject({ startTime: begun });
    expect(joined).toBe(begun);
  });

  test('a run of others is found too', () => {
    const root = temporaryRoot();
    mkdirSync(join(root, 'analytics/job_registry'), { recursive: true });
    writeFileSync(
      join(root, 'analytics/job_registry/2026-01-01_21-37-23.json'),
      JSON.stringify({
        timestamp: '2026-01-01T21:37:23',
        source: { job_id: '2026-01-01_20-48-14' },
      }),
    );
    const { runStore } = openRegistry({ root });
    expect(runStore.resolveRun('latest')).toMatchObject({
      runId: '2026-01-01_21-37-23',
      attempt: 1,
      pipeline: undefined,
      source: '2026-01-01_20-48-14',
      startTime: TIME.getTime(),
    });
    expect(tree(join(root, '.milepost'))).toEqual([]);
  });
});

describe('what is asked of the disk within the call', () => {
  /** Counts what is listed and read synchronously. */
  function countingFileSystem(): { fs: RegistryFileSystem; asked: string[] } {
    const asked: string[] = [];
    const { sync } = nodeFileSystem;
    const counted = {
      ...sync,
      readdir: (path: string) => {
        asked.push(`list ${basename(path)}`);
        return sync.readdir(path);
      },
      readFile: (path: string) => {
        asked.push(`read ${basename(path)}`);
        return sync.readFile(path);
      },
    };
    return { fs: { ...nodeFileSystem, sync: counted }, asked };
  }

  async function manyRuns(): Promise<string> {
    const root = temporaryRoot();
    await using registry = openRegistry({ root });
    for (let day = 1; day <= 20; day += 1) {
      const told = new ToldRun((event) => registry.listener.onEvent(event), {
        runId: `alameda_17370720${day + 10}_abc123`,
        startTime: START + day,
      });
      told.start().end();
    }
    await registry.flush();
    return root;
  }

  test('an ID that can be no alias is not searched for among all runs', async () => {
    const root = await manyRuns();
    const { fs, asked } = countingFileSystem();
    const { runStore } = openRegistry({ root, fs });
    expect(runStore.resolveRun('alameda_1737072999_abc123')).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('the run that the link names is the latest where no journal is younger than its start', async () => {
    const root = await manyRuns();
    // As a run of today would find them.
    const runId = 'alameda_1799999999_abc123';
    await using registry = openRegistry({ root });
    new ToldRun((event) => registry.listener.onEvent(event), {
      runId,
      startTime: Date.now() + 60_000,
    })
      .start()
      .end();
    await registry.flush();
    const { fs, asked } = countingFileSystem();
    expect(openRegistry({ root, fs }).runStore.resolveRun('latest')).toMatchObject({ runId });
    expect(asked.filter((what) => what.startsWith('list alameda'))).toEqual([
      `list ${runId}`,
      `list ${runId}`,
    ]);
  });

  test('a run that began after that and has no hub yet is the latest', async () => {
    const root = await manyRuns();
    const other = openRegistry({ root });
    new ToldRun((event) => other.listener.onEvent(event), {
      runId: 'alameda_1799999999_abc123',
      startTime: Date.now(),
    }).start();
    other.flushSync();
    expect(openRegistry({ root }).runStore.resolveRun('latest')).toMatchObject({
      runId: 'alameda_1799999999_abc123',
    });
    await other.close();
  });
});
