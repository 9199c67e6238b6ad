import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeSpoolFileSystem, type SpoolFileFacts, type SpoolFileSystem } from '@milepost/delivery';
import { opened, request, temporarySpool } from './spool-directory.ts';

/** Node's file system, where metadata say something else. */
function seeing(
  change: (path: string, facts: SpoolFileFacts) => Partial<SpoolFileFacts>,
): SpoolFileSystem {
  const { now, later } = nodeSpoolFileSystem;
  return {
    now: {
      ...now,
      lstat: (path) => {
        const facts = now.lstat(path);
        return { ...facts, ...change(path, facts) };
      },
    },
    later: {
      ...later,
      lstat: async (path) => {
        const facts = await later.lstat(path);
        return { ...facts, ...change(path, facts) };
      },
    },
  };
}

async function isRefused(
  directory: string,
  fs: SpoolFileSystem,
  uid: number,
  why: string,
): Promise<void> {
  const { spool, lost } = opened(directory, { fs, uid });
  const error = expect.objectContaining({
    code: 'unsafe_directory',
    message: expect.stringContaining(why),
  });
  await expect(spool.append(request(1))).rejects.toEqual(error);
  expect(() => spool.appendSync(request(1))).toThrow(error);
  await spool.adopt();
  expect(spool.waiting('traces').requests).toBe(0);
  expect(lost).toEqual([]);
}

const ME = 1000;
const OTHER = 1001;

describe.runIf(process.platform !== 'win32')('a spool that is there is used by nobody', () => {
  test('who does not own it', async () => {
    const directory = temporarySpool();
    mkdirSync(directory, 0o700);
    const fs = seeing((path) => ({ uid: path === directory ? OTHER : ME }));
    await isRefused(
      directory,
      fs,
      ME,
      'belongs to another user (uid 1001, not 1000): expected a directory of this user that not every user can write to',
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  test('when every user may write to it', async () => {
    const directory = temporarySpool();
    mkdirSync(directory);
    chmodSync(directory, 0o1777);
    await isRefused(
      directory,
      seeing(() => ({ uid: ME })),
      ME,
      'may be written to by every user',
    );
    expect(statSync(directory).mode & 0o7777).toBe(0o1777);
  });

  test('when it is a link of another user', async () => {
    const directory = temporarySpool();
    const target = join(dirname(directory), 'target');
    mkdirSync(target, 0o700);
    symlinkSync(target, directory);
    const fs = seeing((path) => ({ uid: path === directory ? OTHER : ME }));
    await isRefused(directory, fs, ME, 'is a symbolic link of another user (uid 1001)');
    expect(readdirSync(target)).toEqual([]);
  });

  test('when it is a file', async () => {
    const directory = temporarySpool();
    writeFileSync(directory, '');
    const { spool } = opened(directory);
    await expect(spool.append(request(1))).rejects.toMatchObject({ name: 'SpoolError' });
    expect(() => spool.appendSync(request(1))).toThrow(
      expect.objectContaining({ name: 'SpoolError' }),
    );
    await spool.adopt();
  });

  test('when a link lies inside it, where a directory of the spool should be', async () => {
    const directory = temporarySpool();
    const outside = join(dirname(directory), 'outside');
    mkdirSync(outside);
    mkdirSync(directory, 0o700);
    symlinkSync(outside, join(directory, 'owners'));
    const { spool } = opened(directory);
    await expect(spool.append(request(1))).rejects.toMatchObject({ code: 'unsafe_directory' });
    expect(readdirSync(outside)).toEqual([]);
  });
});

describe.runIf(process.platform !== 'win32')('a spool that is there is used', () => {
  test('through a link of this user, as where it lies on another disk', async () => {
    const directory = temporarySpool();
    const target = join(dirname(directory), 'target');
    mkdirSync(target, 0o700);
    symlinkSync(target, directory);
    const { spool } = opened(directory);
    await spool.append(request(1));
    expect(readdirSync(target)).toHaveLength(2);
  });

  test('when its group may write to it, as under the umask of some systems', async () => {
    const directory = temporarySpool();
    mkdirSync(directory);
    chmodSync(directory, 0o775);
    const { spool } = opened(directory);
    await spool.append(request(1));
    expect(spool.waiting('traces').requests).toBe(1);
  });

  test('on a file system that gives everything one owner and one mode', async () => {
    const directory = temporarySpool();
    mkdirSync(directory);
    const { spool } = opened(directory, {
      uid: ME,
      fs: seeing((_, { mode }) => ({ uid: 65_534, mode: mode | 0o777 })),
    });
    await spool.append(request(1));
    expect(spool.waiting('traces').requests).toBe(1);
    expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

test('the directories above a spool are made with the modes that are usual', async () => {
  const directory = join(temporarySpool(), 'state', 'milepost', 'spool');
  const { spool } = opened(directory);
  await spool.append(request(1));
  expect(existsSync(directory)).toBe(true);
  expect(statSync(dirname(directory)).mode & 0o700).toBe(0o700);
});

test.runIf(process.getuid?.() === 0)('root does not use the spool of a user', async () => {
  const directory = temporarySpool();
  mkdirSync(directory, 0o700);
  chownSync(directory, 12_345, 12_345);
  await expect(opened(directory).spool.append(request(1))).rejects.toThrow(
    'belongs to another user (uid 12345, not 0)',
  );
});
