import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { beginRun, beginStage, createJob, endRun, endStage, withJob } from '@milepost/core';
import { type JobIdentity, type RunStore } from '@milepost/core/hooks';
import { type RegistryFileSystem, openRegistry } from '@milepost/registry';
import { connectedRegistry } from './connected-registry.ts';
import { HeldClock } from './held-clock.ts';
import { ModelDisk } from './model-disk.ts';
import { begun, killed } from './recording-child.ts';
import { temporaryRoot } from './temporary-root.ts';

const ELSEWHERE = { host: 'elsewhere', boot_id: 'another' };

function job(attempt: number, more: Partial<JobIdentity> = {}): JobIdentity {
  return { queue: 'civic', jobId: '7', name: 'deploy_job', parentJobId: '1', attempt, ...more };
}

/** A program that claims the end of run `r1`, says so, and does not record it. */
function claiming(root: string, tried?: JobIdentity): string {
  return `import { openRegistry } from '@milepost/registry';
const { runStore } = openRegistry({ root: ${JSON.stringify(root)} });
console.log(runStore.claimEnd('r1', 1, undefined, ${JSON.stringify(tried)}));
setInterval(() => undefined, 1000);`;
}

function storeOf(root: string): RunStore {
  return openRegistry({ root }).runStore;
}

function claimFile(root: string, name = 'run-1'): string {
  return join(root, '.milepost', 'claims', 'ends', 'r1', name);
}

/** Has a claim say that someone else made it. */
function changeClaim(path: string, keys: Readonly<Record<string, unknown>>): void {
  const claim: unknown = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...(claim as object), ...keys }));
}

/** The ID of a process that is gone. */
function gonePid(): number {
  return spawnSync(process.execPath, ['--eval', '']).pid;
}

describe('a claim of an end that was not recorded', () => {
  test('holds as long as its process lives, and is taken over once when that was killed', async () => {
    const root = temporaryRoot();
    const child = await begun(claiming(root));
    const [one, two] = [storeOf(root), storeOf(root)];
    expect(one.claimEnd?.('r1', 1)).toBe(false);
    await killed(child);
    expect([two.claimEnd?.('r1', 1), one.claimEnd?.('r1', 1)]).toEqual([true, false]);
  });

  test.for([61, 3000])('holds %i s later too, while its process lives', async (seconds) => {
    const root = temporaryRoot();
    const child = await begun(claiming(root));
    const then = Date.now() / 1000 - seconds;
    utimesSync(claimFile(root), then, then);
    expect(storeOf(root).claimEnd?.('r1', 1)).toBe(false);
    expect(storeOf(root).claimEnd?.('r1', 1, undefined, job(2))).toBe(false);
    await killed(child);
    expect(storeOf(root).claimEnd?.('r1', 1)).toBe(true);
  });

  test('is taken over again when the next one was killed too', async () => {
    const root = temporaryRoot();
    for (let time = 0; time < 3; time += 1) {
      const child = await begun(claiming(root));
      expect(storeOf(root).claimEnd?.('r1', 1)).toBe(false);
      await killed(child);
    }
    expect(storeOf(root).claimEnd?.('r1', 1)).toBe(true);
  });

  test('is no hindrance to the next try of the job that made it', async () => {
    const root = temporaryRoot();
    const registry = connectedRegistry({ root });
    const run = beginRun({ pipeline: 'minutes', runId: 'r1' });
    const given = createJob({ run, name: 'deploy_job' });
    await registry.flush();
    const child = await begun(`import { endRun, withJob } from '@milepost/core';
import { subscribeLifecycle } from '@milepost/core/hooks';
import { connectRegistry, openRegistry } from '@milepost/registry';
// Claimed by then, and told to nobody.
subscribeLifecycle({
  onEvent: ({ type }) => type === 'run_ended' && process.kill(process.pid, 'SIGKILL'),
});
connectRegistry(openRegistry({ root: ${JSON.stringify(root)} }));
process.stdin.once('data', () =>
  withJob(${JSON.stringify(given)}, { queue: 'civic', jobId: '7' }, () => endRun()));
console.log('ready');`);
    const gone = once(child, 'exit');
    child.stdin?.write('end\n');
    expect(await gone).toEqual([null, 'SIGKILL']);

    expect(await registry.readRun('r1')).toMatchObject({ status: 'started', state: 'open' });
    withJob(given, { queue: 'civic', jobId: '7', attempt: 2 }, () => endRun());
    await registry.flush();
    expect(await registry.readRun('r1')).toMatchObject({ status: 'completed', state: 'ended' });
  });

  test.for<readonly [string, JobIdentity | undefined, boolean]>([
    ['a later try of the same job', job(2), true],
    ['the same try', job(1), false],
    ['another job', job(2, { jobId: '8' }), false],
    ['a job of another queue', job(2, { queue: 'other' }), false],
    ['whoever is no job', undefined, false],
  ])('on another machine, asked for by %s', ([, asking, expected]) => {
    const root = temporaryRoot();
    expect(storeOf(root).claimEnd?.('r1', 1, undefined, job(1))).toBe(true);
    // This process lives: its own later try holds still.
    expect(storeOf(root).claimEnd?.('r1', 1, undefined, job(2))).toBe(false);
    changeClaim(claimFile(root), ELSEWHERE);
    expect(storeOf(root).claimEnd?.('r1', 1, undefined, asking)).toBe(expected);
  });

  test.for([0, 61])('by whom nobody can tell, %i s ago', (seconds) => {
    const root = temporaryRoot();
    expect(storeOf(root).claimEnd?.('r1', 1)).toBe(true);
    changeClaim(claimFile(root), ELSEWHERE);
    const then = Date.now() / 1000 - seconds;
    utimesSync(claimFile(root), then, then);
    expect(storeOf(root).claimEnd?.('r1', 1)).toBe(seconds > 60);
  });

  test.for([
    ['an empty file, as an earlier version makes it', '', 0, false],
    ['an empty file of a minute ago', '', 61, true],
    ['half a claim', '{"version":1,"ho', 0, false],
    ['a claim of a later version', '{"version":2,"owner":{"host":"h"}}', 0, false],
    ['a claim of a later version, of a minute ago', '{"version":2}', 61, true],
  ] as const)('that is %s', ([, text, seconds, expected]) => {
    const root = temporaryRoot();
    expect(storeOf(root).claimEnd?.('r1', 1)).toBe(true);
    const then = Date.now() / 1000 - seconds;
    writeFileSync(claimFile(root), text);
    utimesSync(claimFile(root), then, then);
    expect(storeOf(root).claimEnd?.('r1', 1)).toBe(expected);
  });
});

test('a claim says who makes it, and in which try of which job, of a run and of a stage', () => {
  const root = temporaryRoot();
  connectedRegistry({ root });
  const run = beginRun({ pipeline: 'minutes', runId: 'r1' });
  const stage = beginStage('ocr', { run });
  withJob(
    createJob({ name: 'deploy_job', stage }),
    { queue: 'civic', jobId: '7', attempt: 3 },
    () => {
      endStage();
      endRun();
    },
  );
  const claimed = { version: 1, pid: process.pid, queue: 'civic', job_id: '7', job_attempt: 3 };
  for (const name of ['run-1', stage.stage.execution_id ?? '']) {
    expect(JSON.parse(readFileSync(claimFile(root, name), 'utf8'))).toMatchObject(claimed);
  }
  expect(readdirSync(join(claimFile(root), '..'))).toHaveLength(2);
});

describe('a claim of an end that was recorded', () => {
  test.for([
    ['whose process is gone', () => ({ pid: gonePid(), os_thread_id: undefined })],
    ['from elsewhere, by an earlier try of the job', () => ELSEWHERE],
  ] as const)('%s is never taken over', async ([, keys]) => {
    const root = temporaryRoot();
    const registry = connectedRegistry({ root });
    const run = beginRun({ pipeline: 'minutes', runId: 'r1' });
    const given = createJob({ run, name: 'deploy_job' });
    withJob(given, { queue: 'civic', jobId: '7', attempt: 1 }, () => endRun());
    await registry.flush();
    changeClaim(claimFile(root), keys());
    expect(storeOf(root).claimEnd?.('r1', 1, undefined, job(2))).toBe(false);
  });
});

/** A disk with a claim of a process that is gone. */
function diskWithClaim(pid: number): ModelDisk {
  const disk = new ModelDisk();
  const claims = '/disk/data/.milepost/claims/ends/r1';
  const { runStore } = openRegistry({ root: '/disk/data', fs: disk.fs, index: false });
  runStore.claimEnd?.('r1', 1);
  const claim: unknown = JSON.parse(disk.fs.sync.readFile(`${claims}/run-1`).toString());
  disk.fs.sync.unlink(`${claims}/run-1`);
  const bytes = Buffer.from(JSON.stringify({ ...(claim as object), pid }));
  disk.fs.sync.writeNew(`${claims}/run-1`, bytes, false);
  return disk;
}

/** As the disk has it, which knows no times. */
class FirstMoment extends HeldClock {
  override now(): number {
    return 0;
  }
}

/** A file system that lets others come before a call. */
function overtaken(fs: RegistryFileSystem, before: () => void): RegistryFileSystem {
  const after = <A extends unknown[], T>(call: (...args: A) => T) => {
    return (...args: A): T => {
      before();
      return call(...args);
    };
  };
  return {
    ...fs,
    sync: {
      ...fs.sync,
      readFile: after(fs.sync.readFile),
      readdir: after(fs.sync.readdir),
      lstat: after(fs.sync.lstat),
      mkdirs: after(fs.sync.mkdirs),
      create: after(fs.sync.create),
      writeNew: after(fs.sync.writeNew),
      link: after(fs.sync.link),
      unlink: after(fs.sync.unlink),
    },
  };
}

test('of three that take over at once, each between any two calls of another, one wins', () => {
  const pid = gonePid();
  let wins: number;
  /** Claims, and before the first of these numbered calls lets another claim, which meets the rest alike. */
  const claim = (disk: ModelDisk, overtakenAt: readonly number[]): number => {
    const [at, ...rest] = overtakenAt;
    let calls = 0;
    const fs = overtaken(disk.fs, () => {
      calls += 1;
      if (calls === at) claim(disk, rest);
    });
    const clock = new FirstMoment();
    const { runStore } = openRegistry({ root: '/disk/data', fs, clock, index: false });
    if (runStore.claimEnd?.('r1', 1) === true) wins += 1;
    return calls;
  };
  wins = 0;
  const calls = claim(diskWithClaim(pid), []);
  expect(wins).toBe(1);
  const places = Array.from({ length: calls }, (_, index) => index + 1);
  for (const first of places) {
    for (const second of places) {
      wins = 0;
      claim(diskWithClaim(pid), [first, second]);
      expect({ first, second, wins }).toEqual({ first, second, wins: 1 });
    }
  }
});
