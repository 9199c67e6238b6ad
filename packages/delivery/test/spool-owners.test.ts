import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nodeSpoolFileSystem, type SpoolFileSystem } from '@milepost/delivery';
import { heartbeat } from '../src/heartbeat.ts';
import { runLater } from '../src/steps.ts';
import { files, opened, request, temporarySpool } from './spool-directory.ts';
import { SpoolProcess } from './spool-process.ts';

test('each file of many ends with exactly one of eight that start at once', async () => {
  const directory = temporarySpool();
  const sequences = [...Array(100).keys()];
  // Fifty owners: each leaves two.
  for (let owner = 0; owner < 50; owner += 1) {
    const { spool } = opened(directory);
    for (const at of [owner, owner + 50]) spool.appendSync(request(at));
    spool.releaseSync();
  }
  const starters = await Promise.all(Array.from({ length: 8 }, () => SpoolProcess.open(directory)));
  await Promise.all(starters.map((one) => one.tell('adopt')));
  const shares = await Promise.all(starters.map((one) => one.tell('drain')));
  expect((shares as string[][]).flat().toSorted()).toEqual(
    sequences.map((sequence) => `request ${sequence}`).toSorted(),
  );
  expect(await Promise.all(starters.map((one) => one.tell('lost')))).toEqual(
    starters.map(() => []),
  );
});

test('what killed processes kept is taken over, once, and their traces are cleaned up', async () => {
  const directory = temporarySpool();
  const killed = await Promise.all(Array.from({ length: 3 }, () => SpoolProcess.open(directory)));
  for (const [at, one] of killed.entries())
    await one.tell('append', { sequence: at, body: `${at}` });
  const { spool } = opened(directory);
  await spool.adopt();
  expect(spool.waiting('traces').requests).toBe(0);
  await Promise.all(killed.map((one) => one.kill('SIGKILL')));
  const second = opened(directory).spool;
  await Promise.all([spool.adopt(), second.adopt()]);
  expect(spool.waiting('traces').requests + second.waiting('traces').requests).toBe(3);
  await Promise.all([spool.adopt(), second.adopt()]);
  const owners = files(directory).filter((path) => path.startsWith('owners/'));
  expect(owners.length).toBeLessThanOrEqual(2);
});

test.runIf(process.platform === 'linux')(
  'a stopped process keeps what is its own, however old its heartbeat',
  async () => {
    const directory = temporarySpool();
    const stopped = await SpoolProcess.open(directory);
    const path = await stopped.tell('append', { sequence: 1, body: 'a' });
    await stopped.kill('SIGSTOP');
    const [owner = ''] = readdirSync(join(directory, 'owners'));
    utimesSync(join(directory, 'owners', owner), 0, 0);
    const { spool } = opened(directory);
    await spool.adopt();
    expect(spool.waiting('traces').requests).toBe(0);
    await stopped.kill('SIGCONT');
    expect(await stopped.tell('waiting')).toMatchObject({ requests: 1 });
    expect(statSync(String(path)).isFile()).toBe(true);
    await stopped.kill('SIGKILL');
    await spool.adopt();
    expect(spool.waiting('traces').requests).toBe(1);
  },
);

test('what killed processes did not finish writing is cleaned up, and owner files of nobody', async () => {
  const directory = temporarySpool();
  const killed = await SpoolProcess.open(directory);
  const path = await killed.tell('append', { sequence: 1, body: 'a' });
  await killed.tell('setAside', { sequence: 2, body: 'b' });
  await killed.kill('SIGKILL');
  const owned = dirname(String(path));
  const [name = ''] = readdirSync(join(directory, 'dead-letters'));
  const shared = [join(directory, 'owners'), dirname(owned), join(directory, 'dead-letters', name)];
  writeFileSync(join(owned, 'begun.tmp'), '');
  for (const place of shared) {
    for (const [file, age] of [
      ['young.tmp', 59],
      ['old.tmp', 61],
    ] as const) {
      writeFileSync(join(place, file), '');
      const time = Date.now() / 1000 - age * 60;
      utimesSync(join(place, file), time, time);
    }
  }
  writeFileSync(join(directory, 'owners', '0123456789abcdef.json'), '{');
  utimesSync(join(directory, 'owners', '0123456789abcdef.json'), 1, 1);
  const { spool } = opened(directory);
  await spool.adopt();
  expect(spool.waiting('traces').requests).toBe(1);
  expect(files(directory).map((path) => basename(path))).toEqual([
    expect.stringMatching(/otlp$/),
    'young.tmp',
    '*.json',
    'young.tmp',
    expect.stringMatching(/otlp$/),
    'destination.json',
    'young.tmp',
  ]);
});

test('a process that was wrongly taken for dead goes on, and nothing of it is lost', async () => {
  const directory = temporarySpool();
  const { spool, lost } = opened(directory);
  await spool.append(request(1));
  const [owner = ''] = readdirSync(join(directory, 'owners'));
  const path = join(directory, 'owners', owner);
  const identity = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...identity, processStart: '1', pid: 2 ** 22 + 1 }));
  const other = opened(directory);
  await other.spool.adopt();
  expect(other.spool.waiting('traces').requests).toBe(1);
  const first = spool.firstOwn('traces');
  expect(first && (await spool.read(first))).toBeUndefined();
  await spool.append(request(2));
  spool.appendSync(request(3));
  expect(spool.waiting('traces').requests).toBe(2);
  await other.spool.adopt();
  expect(other.spool.waiting('traces').requests).toBe(1);
  expect([...lost, ...other.lost]).toEqual([]);
});

test('a process renews its sign of life while something waits', async () => {
  const directory = temporarySpool();
  const beat = Promise.withResolvers<void>();
  const { later } = nodeSpoolFileSystem;
  let beats = 0;
  const fs: SpoolFileSystem = {
    ...nodeSpoolFileSystem,
    later: {
      ...later,
      touch: async (path, timeMs) => {
        await later.touch(path, timeMs);
        if ((beats += 1) === 3) beat.resolve();
      },
    },
  };
  const { spool } = opened(directory, { fs, heartbeatMs: 1, now: () => 1_800_000_000_000 });
  await spool.append(request(1));
  await beat.promise;
  const [owner = ''] = readdirSync(join(directory, 'owners'));
  expect(statSync(join(directory, 'owners', owner)).mtimeMs).toBe(1_800_000_000_000);
});

test('a heartbeat rests where it is not needed, and beats at once when it is again', async () => {
  const rested = Promise.withResolvers<void>();
  let beats = 0;
  const beating = heartbeat({
    intervalMs: 1,
    isNeeded: () => {
      rested.resolve();
      return false;
    },
    *beat() {
      beats += 1;
      yield* [];
    },
    *onMissing() {
      yield* [];
    },
  });
  await runLater(beating.start());
  await runLater(beating.start());
  expect(beats).toBe(1);
  await rested.promise;
  await runLater(beating.start());
  expect(beats).toBe(2);
  beating.stop();
});

test('an owner file that went away is made anew by the next beat', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory, { heartbeatMs: 1 });
  await spool.append(request(1));
  const owners = join(directory, 'owners');
  const [owner = ''] = readdirSync(owners);
  const watcher = watch(owners);
  onTestFinished(() => watcher.close());
  const made = new Promise<void>((resolve) => {
    watcher.on('change', (_, name) => {
      if (name === owner && existsSync(join(owners, owner))) resolve();
    });
  });
  rmSync(join(owners, owner));
  await made;
  expect(files(directory)).toContain('owners/*.json');
});

test.runIf(process.platform !== 'win32')(
  'directories are for this user alone, also under a lax umask',
  async () => {
    const directory = temporarySpool();
    const lax = await SpoolProcess.open(directory, { umask: 0 });
    await lax.tell('append', { sequence: 1, body: 'a' });
    await lax.tell('appendSync', { sequence: 2, body: 'b' });
    await lax.tell('setAside', { sequence: 3, body: 'c' });
    const modes = new Set(
      ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })].map((path) => {
        const stats = statSync(join(directory, path));
        return `${stats.isDirectory() ? 'directory' : 'file'} ${(stats.mode & 0o777).toString(8)}`;
      }),
    );
    expect(modes).toEqual(new Set(['directory 700', 'file 600']));
  },
);

test('a spool does not keep its process alive', async () => {
  const child = await SpoolProcess.open(temporarySpool(), { heartbeatMs: 1 });
  await child.tell('append', { sequence: 1, body: 'a' });
  expect(await child.leave()).toEqual([0, null]);
});
