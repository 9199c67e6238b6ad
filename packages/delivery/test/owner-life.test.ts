import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type OwnerIdentity } from '@milepost/delivery';
import { ownerState } from '../src/owner-life.ts';
import { ownIdentity, readProcessStat } from '../src/owner.ts';
import { spoolDisk } from '../src/spool-disk.ts';
import { nodeSpoolFileSystem, type SpoolFileSystem } from '../src/spool-file-system.ts';
import { runLater } from '../src/steps.ts';
import { temporarySpool } from './spool-directory.ts';

const NOW = 1_800_000_000_000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const linux: OwnerIdentity = {
  host: 'here',
  pid: 4711,
  threadId: 0,
  bootId: 'boot-1',
  pidNamespace: 'pid:[1]',
  processStart: '1000',
};
const mac: OwnerIdentity = { host: 'here', pid: 4711, threadId: 0 };

function stat(state: string, start: string): string {
  return `4711 (a) ) b) ${state} ${'0 '.repeat(18)}${start} 0 0\n`;
}

/** Judges an owner file of a given age, in a system where the process table holds one process or none. */
async function lifeOf(
  content: string,
  heartbeatAge: number,
  self: OwnerIdentity,
  processStat?: string,
  isRunning = false,
): Promise<string> {
  const directory = temporarySpool();
  mkdirSync(directory);
  const path = join(directory, 'owner.json');
  writeFileSync(path, content);
  const heartbeat = (NOW - heartbeatAge) / 1000;
  utimesSync(path, heartbeat, heartbeat);
  const fs: SpoolFileSystem = {
    ...nodeSpoolFileSystem,
    later: {
      ...nodeSpoolFileSystem.later,
      readFile: async (asked) => {
        if (asked !== '/proc/4711/stat') return nodeSpoolFileSystem.later.readFile(asked);
        if (processStat !== undefined) return Buffer.from(processStat);
        throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      },
    },
  };
  const watch = { disk: spoolDisk(fs), self, now: () => NOW, isRunning: () => isRunning };
  return (await runLater(ownerState(watch, path))).life;
}

test.for<
  [
    what: string,
    owner: { readonly [K in keyof OwnerIdentity]?: OwnerIdentity[K] | undefined },
    stat: string | undefined,
    age: number,
    life: string,
  ]
>([
  ['runs', {}, stat('S', '1000'), 0, 'alive'],
  ['is stopped for a day', {}, stat('T', '1000'), 24 * HOUR, 'alive'],
  ['is gone', {}, undefined, 0, 'dead'],
  ['is a zombie', {}, stat('Z', '1000'), 0, 'dead'],
  ['has its ID used by another', {}, stat('S', '1001'), 0, 'dead'],
  ['ran before the reboot', { bootId: 'boot-0' }, stat('S', '1000'), 61 * SECOND, 'dead'],
  [
    'is on another host of the same name, beating',
    { bootId: 'boot-2' },
    undefined,
    MINUTE,
    'alive',
  ],
  ['does not know its boot', { bootId: undefined }, undefined, 4 * MINUTE, 'alive'],
  ['does not know its boot, silent', { bootId: undefined }, undefined, 6 * MINUTE, 'dead'],
  ['is in another container, beating', { pidNamespace: 'pid:[2]' }, undefined, 4 * MINUTE, 'alive'],
  [
    'is in another container, silent',
    { pidNamespace: 'pid:[2]' },
    stat('S', '1000'),
    6 * MINUTE,
    'dead',
  ],
  [
    'is in a container of another host name',
    { host: 'there', pidNamespace: 'pid:[2]' },
    undefined,
    0,
    'alive',
  ],
  [
    'is on another host, beating',
    { host: 'there', bootId: 'boot-2' },
    undefined,
    4 * MINUTE,
    'alive',
  ],
  [
    'is on another host, its clock ahead',
    { host: 'there', bootId: 'boot-2' },
    undefined,
    -HOUR,
    'alive',
  ],
  [
    'is on another host, silent',
    { host: 'there', bootId: 'boot-2' },
    stat('S', '1000'),
    6 * MINUTE,
    'dead',
  ],
  ['is a thread that beats', { threadId: 3 }, stat('S', '1000'), MINUTE, 'alive'],
  ['is a thread, silent for minutes', { threadId: 3 }, stat('S', '1000'), 6 * MINUTE, 'dead'],
  ['is a thread of a process that is gone', { threadId: 3 }, undefined, 0, 'dead'],
])('an owner that %s', async ([, owner, processStat, age, life]) => {
  const content = JSON.stringify({ ...linux, ...owner });
  expect(await lifeOf(content, age, linux, processStat)).toBe(life);
});

test.for<
  [what: string, owner: Partial<OwnerIdentity>, isRunning: boolean, age: number, life: string]
>([
  ['runs', {}, true, 59 * MINUTE, 'alive'],
  ['is gone', {}, false, 61 * SECOND, 'dead'],
  ['is in another container of the same name, beating', {}, false, MINUTE, 'alive'],
  ['has its ID used by another, as it did not beat for hours', {}, true, 2 * HOUR, 'dead'],
  ['is on another host, beating', { host: 'there' }, false, 4 * MINUTE, 'alive'],
  ['is on another host, silent', { host: 'there' }, true, 6 * MINUTE, 'dead'],
])('without /proc, an owner that %s', async ([, owner, isRunning, age, life]) => {
  const content = JSON.stringify({ ...mac, ...owner });
  expect(await lifeOf(content, age, mac, undefined, isRunning)).toBe(life);
});

test.for([
  '',
  '{',
  '[]',
  '{"host":"here"}',
  '{"host":3,"pid":1,"threadId":0}',
  '{"host":"a","pid":"1"}',
])('an owner file of %j counts as alive until it is older than a minute', async (content) => {
  expect(await lifeOf(content, 59 * SECOND, linux)).toBe('alive');
  expect(await lifeOf(content, 61 * SECOND, linux)).toBe('dead');
});

test('no owner file: released; one that cannot be read: alive', async () => {
  const watch = {
    disk: spoolDisk(nodeSpoolFileSystem),
    self: linux,
    now: () => NOW,
    isRunning: () => false,
  };
  const directory = temporarySpool();
  mkdirSync(directory);
  expect((await runLater(ownerState(watch, join(directory, 'none')))).life).toBe('released');
  expect((await runLater(ownerState(watch, directory))).life).toBe('alive');
});

test.runIf(process.platform === 'linux')('this process knows itself', () => {
  const own = ownIdentity();
  expect(own).toMatchObject({ pid: process.pid, processStart: expect.stringMatching(/^\d+$/) });
  expect(readProcessStat(readFileSync(`/proc/${process.pid}/stat`, 'utf8'))).toEqual({
    state: expect.stringMatching(/^[RSD]$/),
    start: own.processStart,
  });
});
