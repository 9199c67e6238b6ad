import fs from 'node:fs';
import { promisify } from 'node:util';

/** What an entry of a directory is; a symbolic link is not followed. */
export type EntryKind = 'file' | 'directory' | 'link' | 'other';

/** One entry of a directory. */
export interface SpoolEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** What the spool asks of a file's metadata. */
export interface SpoolFileFacts {
  readonly kind: EntryKind;
  readonly size: number;
  readonly mtimeMs: number;
  readonly uid: number;
  readonly mode: number;
}

/** What the spool asks of a file system. Errors are those of Node, with `code`. */
export interface SpoolCalls {
  /** Creates a file that must not exist, mode 0600, and opens it for writing. */
  create(path: string): number;
  /** @returns how many of the bytes were written */
  write(fd: number, data: Uint8Array, offset: number): number;
  sync(fd: number): void;
  /** Bytes of an open file. */
  size(fd: number): number;
  close(fd: number): void;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): void;
  readFile(path: string): Uint8Array;
  readdir(path: string): readonly SpoolEntry[];
  /** Creates a directory that must not exist, mode 0700. */
  mkdir(path: string): void;
  /** Creates a directory and those above it, with the modes that are usual for the user. */
  mkdirs(path: string): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  rmdir(path: string): void;
  /** Sets the time of a file's last change, in milliseconds since the Unix epoch. */
  touch(path: string, timeMs: number): void;
  lstat(path: string): SpoolFileFacts;
  realpath(path: string): string;
}

/** The calls of one file system: at once, and without making the thread wait. */
export interface SpoolFileSystem {
  readonly now: SpoolCalls;
  readonly later: {
    readonly [K in keyof SpoolCalls]: (
      ...args: Parameters<SpoolCalls[K]>
    ) => Promise<ReturnType<SpoolCalls[K]>>;
  };
}

type Kinds = Pick<fs.Dirent | fs.Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>;

function kindOf(entry: Kinds): EntryKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

function entriesOf(entries: readonly fs.Dirent[]): readonly SpoolEntry[] {
  return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
}

function factsOf(stats: fs.Stats): SpoolFileFacts {
  const { size, mtimeMs, uid, mode } = stats;
  return { kind: kindOf(stats), size, mtimeMs, uid, mode };
}

/** Where directories cannot be synced (Windows, some network file systems) their names are as durable as they get. */
function isNoSync(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    ['EINVAL', 'EISDIR', 'EPERM', 'ENOTSUP', 'EBADF'].includes(String(error.code))
  );
}

function syncDirectoryNow(path: string): void {
  try {
    const fd = fs.openSync(path, 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (!isNoSync(error)) throw error;
  }
}

const open = promisify(fs.open);
const close = promisify(fs.close);
const fsync = promisify(fs.fsync);
const write = promisify(fs.write);

async function syncDirectoryLater(path: string): Promise<void> {
  try {
    const fd = await open(path, 'r');
    try {
      await fsync(fd);
    } finally {
      await close(fd);
    }
  } catch (error) {
    if (!isNoSync(error)) throw error;
  }
}

/** Node's own file system. */
export const nodeSpoolFileSystem: SpoolFileSystem = {
  now: {
    create: (path) => fs.openSync(path, 'wx', 0o600),
    write: (fd, data, offset) => fs.writeSync(fd, data, offset),
    sync: (fd) => fs.fsyncSync(fd),
    size: (fd) => fs.fstatSync(fd).size,
    close: (fd) => fs.closeSync(fd),
    syncDirectory: syncDirectoryNow,
    readFile: (path) => fs.readFileSync(path),
    readdir: (path) => entriesOf(fs.readdirSync(path, { withFileTypes: true })),
    mkdir: (path) => fs.mkdirSync(path, 0o700),
    mkdirs: (path) => void fs.mkdirSync(path, { recursive: true }),
    rename: (from, to) => fs.renameSync(from, to),
    unlink: (path) => fs.unlinkSync(path),
    rmdir: (path) => fs.rmdirSync(path),
    touch: (path, timeMs) => fs.utimesSync(path, timeMs / 1000, timeMs / 1000),
    lstat: (path) => factsOf(fs.lstatSync(path)),
    realpath: (path) => fs.realpathSync(path),
  },
  later: {
    create: (path) => open(path, 'wx', 0o600),
    write: async (fd, data, offset) => (await write(fd, data, offset)).bytesWritten,
    sync: fsync,
    size: async (fd) => (await promisify(fs.fstat)(fd)).size,
    close,
    syncDirectory: syncDirectoryLater,
    readFile: (path) => fs.promises.readFile(path),
    readdir: async (path) => entriesOf(await fs.promises.readdir(path, { withFileTypes: true })),
    mkdir: (path) => fs.promises.mkdir(path, 0o700),
    mkdirs: async (path) => void (await fs.promises.mkdir(path, { recursive: true })),
    rename: (from, to) => fs.promises.rename(from, to),
    unlink: (path) => fs.promises.unlink(path),
    rmdir: (path) => fs.promises.rmdir(path),
    touch: (path, timeMs) => fs.promises.utimes(path, timeMs / 1000, timeMs / 1000),
    lstat: async (path) => factsOf(await fs.promises.lstat(path)),
    realpath: (path) => fs.promises.realpath(path),
  },
};
