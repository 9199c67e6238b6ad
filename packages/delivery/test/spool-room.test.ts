import { expect, test } from 'vitest';
import { nodeSpoolFileSystem, type SpoolFileSystem } from '@milepost/delivery';
import { spoolDisk } from '../src/spool-disk.ts';
import { SpoolRoom } from '../src/spool-room.ts';
import { runLater, runNow, step } from '../src/steps.ts';
import { type QueuedRequest } from '../src/stored-queue.ts';

const BLOCK = 4096;
const FRAME = 16;

function found(path: string, time: number): QueuedRequest {
  return { signal: 'traces', sequence: 1, records: 1, time, bytes: 10, path, isSuperseded: false };
}

test('what changes while the others are looked at counts as it is then', async () => {
  const looked = Promise.withResolvers<void>();
  const removed: string[] = [];
  const fs: SpoolFileSystem = {
    ...nodeSpoolFileSystem,
    now: { ...nodeSpoolFileSystem.now, unlink: (path) => void removed.push(path) },
  };
  const room = new SpoolRoom({
    disk: spoolDisk(fs),
    maxBytes: (FRAME + 2) * BLOCK,
    rescanMs: 0,
    now: () => 0,
    *scan() {
      yield* step(
        () => undefined,
        () => looked.promise,
      );
      return { deadLetters: [], left: [found('/dead/1', 1)], otherBytes: 0 };
    },
    ownBytes: () => 0,
    oldest: () => undefined,
    drop: () => () => undefined,
    onDropped: () => undefined,
  });
  const rescan = runLater(room.rescan());
  room.forgetDirectories(new Set(['/dead']));
  room.addDeadLetter(found('/letters/2', 2));
  looked.resolve();
  await rescan;
  runNow(room.reserve(BLOCK))();
  expect(removed).toEqual([]);
  runNow(room.reserve(2 * BLOCK));
  expect(removed).toEqual(['/letters/2']);
});
