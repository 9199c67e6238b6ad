import { basename, dirname, join } from 'node:path';
import { type FileFacts, type RegistryFile, type RegistryFileSystem } from '@milepost/registry';

/** What a power cut leaves of what was not synced: of the entries of directories, and of the bytes of files. */
export interface Crash {
  readonly entries: 'dropped' | 'kept';
  readonly bytes: 'dropped' | 'half' | 'kept';
}

/** One call of the file system: its number from 1 on, and what it is asked to do. */
export interface DiskCall {
  readonly number: number;
  readonly name: string;
  readonly path: string;
  /** It changes nothing. */
  readonly isRead: boolean;
}

/** The calls that change nothing. */
const READS = new Set([
  'open r',
  'readFile',
  'readdir',
  'readlink',
  'lstat',
  'realpath',
  'read',
  'stat',
  'close',
]);

/** What a call does instead: fails with a code, or takes only a part of the bytes. */
export type Fault = { readonly code: string } | { readonly shortBy: number };

/** Sees every call before it is made, and may have it fail. */
export interface DiskObserver {
  before?(call: DiskCall): Fault | undefined;
}

class FileNode {
  readonly kind = 'file';
  bytes: Buffer = Buffer.alloc(0);
  synced: Buffer = Buffer.alloc(0);
  /** A sync failed: what was not on disk then never will be, whatever later syncs say. As Linux does it. */
  isSpoilt = false;
}

class LinkNode {
  readonly kind = 'link';
  readonly target: string;

  constructor(target: string) {
    this.target = target;
  }
}

class DirectoryNode {
  readonly kind = 'directory';
  entries = new Map<string, Node>();
  synced = new Map<string, Node>();
}

type Node = FileNode | LinkNode | DirectoryNode;

function failure(code: string, name: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${name} '${path}'`), { code });
}

function bytesAfter(crash: Crash, { bytes, synced }: FileNode): Buffer {
  if (crash.bytes === 'kept') return Buffer.from(bytes);
  const more = crash.bytes === 'half' ? (bytes.length - synced.length) >> 1 : 0;
  return Buffer.concat([synced, bytes.subarray(synced.length, synced.length + more)]);
}

function nodeAfter(crash: Crash, node: Node): Node {
  if (node.kind === 'link') return node;
  if (node.kind === 'file') {
    const file = new FileNode();
    file.bytes = bytesAfter(crash, node);
    file.synced = file.bytes;
    return file;
  }
  const directory = new DirectoryNode();
  for (const [name, child] of crash.entries === 'kept' ? node.entries : node.synced) {
    directory.entries.set(name, nodeAfter(crash, child));
  }
  directory.synced = new Map(directory.entries);
  return directory;
}

/**
 * A disk in memory that knows what a power cut would leave: the bytes of a file up to its last sync, and the entries of a
 * directory at its last sync. `/disk` is there.
 */
export class ModelDisk {
  readonly #root: DirectoryNode;
  readonly #pace: () => Promise<void>;
  readonly #numbers = new WeakMap<Node, number>();
  #observer: DiskObserver = {};
  #calls = 0;
  #lastNumber = 0;

  /** @param pace is waited for before each call that is not synchronous, so that a test can order them */
  constructor(pace: () => Promise<void> = () => Promise.resolve(), root = new DirectoryNode()) {
    this.#pace = pace;
    this.#root = root;
    if (!root.entries.has('disk')) root.entries.set('disk', new DirectoryNode());
    root.synced = new Map(root.entries);
  }

  /** Sees every call from now on, which are numbered from 1 on. */
  observe(observer: DiskObserver): void {
    this.#observer = observer;
    this.#calls = 0;
  }

  /** The disk as a power cut at this moment would leave it. This one goes on. */
  afterCrash(crash: Crash): ModelDisk {
    const root = nodeAfter(crash, this.#root);
    if (root.kind !== 'directory') throw new TypeError('expected a directory');
    return new ModelDisk(undefined, root);
  }

  /** Every file with its bytes, by path. */
  files(): ReadonlyMap<string, Buffer> {
    const found = new Map<string, Buffer>();
    const visit = (node: Node, path: string): void => {
      if (node.kind === 'file') found.set(path, node.bytes);
      if (node.kind !== 'directory') return;
      for (const [name, child] of node.entries) visit(child, join(path, name));
    };
    visit(this.#root, '/');
    return found;
  }

  readonly fs: RegistryFileSystem = {
    open: async (path, flags) =>
      this.#later(`open ${flags}`, path, () => {
        if (flags === 'r') return this.#opened(this.#file('open', path), path);
        const file = new FileNode();
        this.#add('open', path, file);
        return this.#opened(file, path);
      }),
    readFile: (path) => this.#later('readFile', path, () => this.#read(path)),
    readdir: (path) => this.#later('readdir', path, () => this.#names(path)),
    mkdir: (path) =>
      this.#later('mkdir', path, () => this.#add('mkdir', path, new DirectoryNode())),
    rename: (from, to) => this.#later('rename', to, () => this.#rename(from, to)),
    link: (from, to) =>
      this.#later('link', to, () => this.#add('link', to, this.#node('link', from, false))),
    unlink: (path) => this.#later('unlink', path, () => this.#unlink(path)),
    rmdir: (path) => this.#later('rmdir', path, () => this.#rmdir(path)),
    symlink: (target, path) =>
      this.#later('symlink', path, () => this.#add('symlink', path, new LinkNode(target))),
    readlink: (path) => this.#later('readlink', path, () => this.#readlink(path)),
    lstat: (path) =>
      this.#later('lstat', path, () => this.#facts(this.#node('lstat', path, false))),
    // It has no times.
    touch: () => Promise.resolve(),
    realpath: (path) => this.#later('realpath', path, () => this.#realpath(path)),
    syncDirectory: (path) => this.#later('syncDirectory', path, () => this.#syncDirectory(path)),
    sync: {
      readFile: (path) => this.#call('readFile', path, () => this.#read(path)),
      readdir: (path) => this.#call('readdir', path, () => this.#names(path)),
      lstat: (path) =>
        this.#call('lstat', path, () => this.#facts(this.#node('lstat', path, false))),
      mkdirs: (path) => this.#call('mkdirs', path, () => this.#mkdirs(path)),
      create: (path) => this.#call('create', path, () => this.#add('open', path, new FileNode())),
      writeNew: (path, data, synced) =>
        this.#call('writeNew', path, (keeps) => {
          const file = new FileNode();
          this.#add('open', path, file);
          file.bytes = Buffer.from(data.subarray(0, keeps(data.length)));
          if (synced) file.synced = file.bytes;
        }),
      syncDirectory: (path) => this.#call('syncDirectory', path, () => this.#syncDirectory(path)),
      rename: (from, to) => this.#call('rename', to, () => this.#rename(from, to)),
      link: (from, to) =>
        this.#call('link', to, () => this.#add('link', to, this.#node('link', from, false))),
      unlink: (path) => this.#call('unlink', path, () => this.#unlink(path)),
      symlink: (target, path) =>
        this.#call('symlink', path, () => this.#add('symlink', path, new LinkNode(target))),
      readlink: (path) => this.#call('readlink', path, () => this.#readlink(path)),
      realpath: (path) => this.#call('realpath', path, () => this.#realpath(path)),
    },
  };

  #call<T>(name: string, path: string, work: (keeps: (length: number) => number) => T): T {
    this.#calls += 1;
    const call = { number: this.#calls, name, path, isRead: READS.has(name) };
    const fault = this.#observer.before?.(call);
    if (fault !== undefined && 'code' in fault) throw failure(fault.code, name, path);
    return work((length) => Math.max(1, length - (fault?.shortBy ?? 0)));
  }

  async #later<T>(
    name: string,
    path: string,
    work: (keeps: (length: number) => number) => T,
  ): Promise<T> {
    await this.#pace();
    return this.#call(name, path, work);
  }

  #opened(file: FileNode, path: string): RegistryFile {
    return {
      write: async (data, offset, length) =>
        this.#later('write', path, (keeps) => {
          const bytesWritten = keeps(length);
          file.bytes = Buffer.concat([file.bytes, data.subarray(offset, offset + bytesWritten)]);
          return { bytesWritten };
        }),
      read: async (data, offset, length, position) =>
        this.#later('read', path, () => {
          const bytesRead = file.bytes.copy(data, offset, position, position + length);
          return { bytesRead };
        }),
      sync: async () => {
        try {
          await this.#later('sync', path, () => {
            if (!file.isSpoilt) file.synced = file.bytes;
          });
        } catch (error) {
          file.isSpoilt = true;
          throw error;
        }
      },
      stat: async () => this.#later('stat', path, () => this.#facts(file)),
      close: async () => this.#later('close', path, () => undefined),
    };
  }

  #node(name: string, path: string, follow: boolean): Node {
    let node: Node = this.#root;
    let at = '/';
    const parts = path.split('/').filter((part) => part !== '');
    for (const [index, part] of parts.entries()) {
      if (node.kind !== 'directory') throw failure('ENOTDIR', name, path);
      const child: Node | undefined = node.entries.get(part);
      if (child === undefined) throw failure('ENOENT', name, path);
      const isLast = index === parts.length - 1;
      node =
        child.kind === 'link' && (follow || !isLast)
          ? this.#node(name, join(at, child.target), true)
          : child;
      at = join(at, part);
    }
    return node;
  }

  #file(name: string, path: string, follow = true): FileNode {
    const node = this.#node(name, path, follow);
    if (node.kind !== 'file') throw failure('EISDIR', name, path);
    return node;
  }

  #directory(name: string, path: string): DirectoryNode {
    const node = this.#node(name, path, true);
    if (node.kind !== 'directory') throw failure('ENOTDIR', name, path);
    return node;
  }

  #add(name: string, path: string, node: Node): void {
    const { entries } = this.#directory(name, dirname(path));
    if (entries.has(basename(path))) throw failure('EEXIST', name, path);
    entries.set(basename(path), node);
  }

  #read(path: string): Buffer {
    return Buffer.from(this.#file('readFile', path).bytes);
  }

  #rename(from: string, to: string): void {
    const node = this.#node('rename', from, false);
    const there = this.#directory('rename', dirname(to)).entries.get(basename(to));
    if (node.kind === 'directory' && there?.kind === 'directory' && there.entries.size > 0) {
      throw failure('ENOTEMPTY', 'rename', to);
    }
    this.#directory('rename', dirname(to)).entries.set(basename(to), node);
    this.#directory('rename', dirname(from)).entries.delete(basename(from));
  }

  #unlink(path: string): void {
    this.#node('unlink', path, false);
    this.#directory('unlink', dirname(path)).entries.delete(basename(path));
  }

  #rmdir(path: string): void {
    const node = this.#node('rmdir', path, false);
    if (node.kind !== 'directory') throw failure('ENOTDIR', 'rmdir', path);
    if (node.entries.size > 0) throw failure('ENOTEMPTY', 'rmdir', path);
    this.#directory('rmdir', dirname(path)).entries.delete(basename(path));
  }

  #readlink(path: string): string {
    const node = this.#node('readlink', path, false);
    if (node.kind !== 'link') throw failure('EINVAL', 'readlink', path);
    return node.target;
  }

  #realpath(path: string): string {
    this.#node('realpath', path, true);
    return path;
  }

  #names(path: string): string[] {
    return [...this.#directory('readdir', path).entries.keys()];
  }

  #syncDirectory(path: string): void {
    const directory = this.#directory('fsync', path);
    directory.synced = new Map(directory.entries);
  }

  #mkdirs(path: string): string | undefined {
    const parent = this.#directory('mkdir', '/');
    let directory = parent;
    let at = '/';
    let first: string | undefined;
    for (const part of path.split('/').filter((name) => name !== '')) {
      at = join(at, part);
      const child = directory.entries.get(part) ?? new DirectoryNode();
      if (child.kind !== 'directory') throw failure('EEXIST', 'mkdir', at);
      if (!directory.entries.has(part)) first ??= at;
      directory.entries.set(part, child);
      directory = child;
    }
    return first;
  }

  #facts(node: Node): FileFacts {
    let ino = this.#numbers.get(node);
    if (ino === undefined) {
      this.#lastNumber += 1;
      ino = this.#lastNumber;
      this.#numbers.set(node, ino);
    }
    return {
      size: node.kind === 'file' ? node.bytes.length : 0,
      mtimeMs: 0,
      ino,
      isFile: () => node.kind === 'file',
      isDirectory: () => node.kind === 'directory',
      isSymbolicLink: () => node.kind === 'link',
    };
  }
}
