import { type SpoolCalls, type SpoolFileSystem } from './spool-file-system.ts';
import { step, type Steps } from './steps.ts';

/** The calls of a file system as steps of work that is done at once or not. */
export type SpoolDisk = {
  readonly [K in keyof SpoolCalls]: (
    ...args: Parameters<SpoolCalls[K]>
  ) => Steps<ReturnType<SpoolCalls[K]>>;
};

/** The steps of a file system. */
export function spoolDisk({ now, later }: SpoolFileSystem): SpoolDisk {
  return {
    create: (path) =>
      step(
        () => now.create(path),
        () => later.create(path),
      ),
    write: (fd, data, offset) =>
      step(
        () => now.write(fd, data, offset),
        () => later.write(fd, data, offset),
      ),
    sync: (fd) =>
      step(
        () => now.sync(fd),
        () => later.sync(fd),
      ),
    size: (fd) =>
      step(
        () => now.size(fd),
        () => later.size(fd),
      ),
    close: (fd) =>
      step(
        () => now.close(fd),
        () => later.close(fd),
      ),
    syncDirectory: (path) =>
      step(
        () => now.syncDirectory(path),
        () => later.syncDirectory(path),
      ),
    readFile: (path) =>
      step(
        () => now.readFile(path),
        () => later.readFile(path),
      ),
    readdir: (path) =>
      step(
        () => now.readdir(path),
        () => later.readdir(path),
      ),
    mkdir: (path) =>
      step(
        () => now.mkdir(path),
        () => later.mkdir(path),
      ),
    mkdirs: (path) =>
      step(
        () => now.mkdirs(path),
        () => later.mkdirs(path),
      ),
    rename: (from, to) =>
      step(
        () => now.rename(from, to),
        () => later.rename(from, to),
      ),
    unlink: (path) =>
      step(
        () => now.unlink(path),
        () => later.unlink(path),
      ),
    rmdir: (path) =>
      step(
        () => now.rmdir(path),
        () => later.rmdir(path),
      ),
    touch: (path, timeMs) =>
      step(
        () => now.touch(path, timeMs),
        () => later.touch(path, timeMs),
      ),
    lstat: (path) =>
      step(
        () => now.lstat(path),
        () => later.lstat(path),
      ),
    realpath: (path) =>
      step(
        () => now.realpath(path),
        () => later.realpath(path),
      ),
  };
}
