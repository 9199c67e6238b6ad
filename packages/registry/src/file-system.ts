import fs from 'node:fs';

/** What the registry asks of an open file. */
export interface RegistryFile {
  write(data: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
  read(
    data: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
  sync(): Promise<void>;
  stat(): Promise<FileFacts>;
  close(): Promise<void>;
}

/** What the registry asks of a file's metadata. */
export interface FileFacts {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ino: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** What the registry asks of a file system: a subset of `node:fs`, so that a test can put itself in between. */
export interface RegistryFileSystem {
  open(path: string, flags: 'r' | 'wx'): Promise<RegistryFile>;
  readFile(path: string): Promise<Buffer>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name; throws `EEXIST` where that is taken. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Removes an empty directory. */
  rmdir(path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  readlink(path: string): Promise<string>;
  lstat(path: string): Promise<FileFacts>;
  realpath(path: string): Promise<string>;
  /** Sets the times of a file, or of a link itself, in milliseconds since the Unix epoch. */
  touch(path: string, timeMs: number): Promise<void>;
  /** Makes the entries of a directory survive a power cut, where the system can. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Tells names in a directory that may have changed, as far as the system does, without keeping the process alive. A hint
   * only: nothing goes by it alone. Absent: there are no hints.
   * @param failed it tells nothing any more
   * @returns stops it
   * @throws where it cannot be watched
   */
  watch?(path: string, changed: (name: string) => void, failed: () => void): () => void;
  /** For what `RunStore` must answer at once, and for the end of a process. */
  readonly sync: {
    readFile(path: string): Buffer;
    readdir(path: string): string[];
    lstat(path: string): FileFacts;
    /**
     * Makes a directory and those above it that are missing.
     * @returns the first that was missing
     */
    mkdirs(path: string): string | undefined;
    /** Creates an empty file; throws `EEXIST` where one is. */
    create(path: string): void;
    /** Creates a file that must not exist with this content, and fsyncs it where asked to. */
    writeNew(path: string, data: Uint8Array, synced: boolean): void;
    syncDirectory(path: string): void;
    rename(from: string, to: string): void;
    /** Gives a file a second name; throws `EEXIST` where that is taken. */
    link(from: string, to: string): void;
    unlink(path: string): void;
    symlink(target: string, path: string): void;
    readlink(path: string): string;
    realpath(path: string): string;
  };
}

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** Node's callbacks cost about two thirds of what its promises and file handles do. */
function called<T>(call: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error === null || error === undefined) resolve(value);
      else reject(error);
    });
  });
}

function openFile(fd: number): RegistryFile {
  return {
    write: async (data, offset, length) => ({
      bytesWritten: await called<number>((done) => fs.write(fd, data, offset, length, null, done)),
    }),
    read: async (data, offset, length, position) => ({
      bytesRead: await called<number>((done) => fs.read(fd, data, offset, length, position, done)),
    }),
    sync: () => called<void>((done) => fs.fsync(fd, (error) => done(error, undefined))),
    // These two wait for no disk once a file is synced, and a trip to the thread pool costs ten times as much.
    stat: async () => fs.fstatSync(fd),
    close: async () => fs.closeSync(fd),
  };
}

/** What Node's own does, which goes to another thread for every step of it. */
async function readFile(path: string): Promise<Buffer> {
  const fd = await called<number>((done) => fs.open(path, 'r', done));
  try {
    const { size } = fs.fstatSync(fd);
    // Some files do not tell how much there is in them.
    if (size === 0) return await called<Buffer>((done) => fs.readFile(fd, done));
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    while (filled < size) {
      const at = filled;
      const read = await called<number>((done) => fs.read(fd, bytes, at, size - at, at, done));
      if (read === 0) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  } finally {
    fs.closeSync(fd);
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows opens no directories, and has their entries in its own journal.
  if (process.platform === 'win32') return;
  // As quick as a look at it, and not worth a trip to another thread.
  const fd = fs.openSync(path, 'r');
  try {
    await called<void>((done) => fs.fsync(fd, (error) => done(error, undefined)));
  } finally {
    fs.closeSync(fd);
  }
}

function syncDirectoryNow(path: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Node's own file system. */
export const nodeFileSystem: RegistryFileSystem = {
  open: async (path, flags) => openFile(await called<number>((done) => fs.open(path, flags, done))),
  readFile,
  readdir: (path) => called<string[]>((done) => fs.readdir(path, done)),
  mkdir: (path) => called<void>((done) => fs.mkdir(path, (error) => done(error, undefined))),
  rename: (from, to) =>
    called<void>((done) => fs.rename(from, to, (error) => done(error, undefined))),
  link: (from, to) => called<void>((done) => fs.link(from, to, (error) => done(error, undefined))),
  unlink: (path) => called<void>((done) => fs.unlink(path, (error) => done(error, undefined))),
  rmdir: (path) => called<void>((done) => fs.rmdir(path, (error) => done(error, undefined))),
  symlink: (target, path) =>
    called<void>((done) => fs.symlink(target, path, (error) => done(error, undefined))),
  readlink: async (path) => fs.readlinkSync(path),
  lstat: (path) => called<FileFacts>((done) => fs.lstat(path, done)),
  realpath: (path) => called<string>((done) => fs.realpath.native(path, done)),
  touch: (path, timeMs) =>
    called<void>((done) => {
      fs.lutimes(path, timeMs / 1000, timeMs / 1000, (error) => done(error, undefined));
    }),
  syncDirectory,
  watch: (path, changed, failed) => {
    const watcher = fs.watch(path, { persistent: false }, (_event, name) => {
      if (name !== null) changed(name);
    });
    watcher.on('error', () => {
      watcher.close();
      failed();
    });
    return () => watcher.close();
  },
  sync: {
    readFile: (path) => fs.readFileSync(path),
    readdir: (path) => fs.readdirSync(path),
    lstat: (path) => fs.lstatSync(path),
    mkdirs: (path) => fs.mkdirSync(path, { recursive: true }),
    create: (path) => fs.closeSync(fs.openSync(path, 'wx')),
    writeNew: (path, data, synced) => fs.writeFileSync(path, data, { flag: 'wx', flush: synced }),
    syncDirectory: syncDirectoryNow,
    rename: (from, to) => fs.renameSync(from, to),
    link: (from, to) => fs.linkSync(from, to),
    unlink: (path) => fs.unlinkSync(path),
    symlink: (target, path) => fs.symlinkSync(target, path),
    readlink: (path) => fs.readlinkSync(path),
    realpath: (path) => fs.realpathSync.native(path),
  },
};
