import fs from 'node:fs';
import fsp from 'node:fs/promises';

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
  unlink(path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  readlink(path: string): Promise<string>;
  lstat(path: string): Promise<FileFacts>;
  realpath(path: string): Promise<string>;
  /** For what `RunStore` must answer at once. */
  readonly sync: {
    readFile(path: string): Buffer;
    readdir(path: string): string[];
    lstat(path: string): FileFacts;
    mkdirs(path: string): void;
    /** Creates an empty file; throws `EEXIST` where one is. */
    create(path: string): void;
    /** Creates a file that must not exist with this content, and fsyncs it. */
    writeNew(path: string, data: Uint8Array): void;
  };
}

/** Node's own file system. */
export const nodeFileSystem: RegistryFileSystem = {
  open: (path, flags) => fsp.open(path, flags),
  readFile: (path) => fsp.readFile(path),
  readdir: (path) => fsp.readdir(path),
  mkdir: (path) => fsp.mkdir(path),
  rename: (from, to) => fsp.rename(from, to),
  unlink: (path) => fsp.unlink(path),
  symlink: (target, path) => fsp.symlink(target, path),
  readlink: (path) => fsp.readlink(path),
  lstat: (path) => fsp.lstat(path),
  realpath: (path) => fsp.realpath(path),
  sync: {
    readFile: (path) => fs.readFileSync(path),
    readdir: (path) => fs.readdirSync(path),
    lstat: (path) => fs.lstatSync(path),
    mkdirs: (path) => void fs.mkdirSync(path, { recursive: true }),
    create: (path) => fs.closeSync(fs.openSync(path, 'wx')),
    writeNew: (path, data) => fs.writeFileSync(path, data, { flag: 'wx', flush: true }),
  },
};
