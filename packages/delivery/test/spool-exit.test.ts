import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nodeSpoolFileSystem, type SpoolCalls, type SpoolFileSystem } from '@milepost/delivery';
import { drained, opened, request, temporarySpool } from './spool-directory.ts';

/** Node's file system, which notes the calls that make the thread wait. */
function noting(calls: (readonly [call: string, path: unknown])[]): SpoolFileSystem {
  const now: SpoolCalls = new Proxy(nodeSpoolFileSystem.now, {
    get: (target, name: keyof SpoolCalls) => {
      const call = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        calls.push([name, args[0]]);
        return call(...args);
      };
    },
  });
  return { ...nodeSpoolFileSystem, now };
}

test('at the end nothing is looked through, and a further request takes five calls', () => {
  const directory = temporarySpool();
  mkdirSync(directory, 0o700);
  const calls: (readonly [string, unknown])[] = [];
  const { spool } = opened(directory, { fs: noting(calls) });
  spool.appendSync(request(1));
  expect(calls.map(([call]) => call)).not.toContain('readdir');
  calls.length = 0;
  spool.appendSync(request(2));
  expect(calls.map(([call]) => call)).toEqual(['create', 'write', 'write', 'close', 'rename']);
});

test('who lets go does not touch what was taken over and still waits', async () => {
  const directory = temporarySpool();
  for (let owner = 1; owner <= 3; owner += 1) {
    const { spool } = opened(directory);
    spool.appendSync(request(owner));
    spool.releaseSync();
  }
  const calls: (readonly [string, unknown])[] = [];
  const { spool } = opened(directory, { fs: noting(calls) });
  await spool.adopt();
  await spool.append(request(4));
  expect(spool.waiting('traces').requests).toBe(4);
  calls.length = 0;
  spool.releaseSync();
  expect(calls.map(([call]) => call)).toEqual(['rmdir', 'unlink']);
  const next = opened(directory).spool;
  await next.adopt();
  // What was left is told on, whoever has it by now.
  expect(spool.waiting('traces').requests).toBe(4);
  expect(await drained(next)).toHaveLength(4);
});
