import { sep } from 'node:path';
import { type FileFacts, type RegistryFileSystem } from './file-system.ts';
import { RegistryError } from './registry-error.ts';

function outside(path: string, root: string): RegistryError {
  return new RegistryError('outside_root', `${path} is reached by a link out of ${root}: not read`);
}

/** A pipe, a socket or a device may give bytes for ever, or none. */
function assertReadable(path: string, facts: FileFacts): void {
  if (facts.isFile() || facts.isDirectory()) return;
  throw new RegistryError('outside_root', `${path} is no file: not read`);
}

/**
 * A file system that reads no whole file and no directory below a root that a link leads out of it, and nothing that is
 * neither. What is named by a path outside is read: somebody named it so.
 */
export function withReadsInside(fs: RegistryFileSystem, root: string): RegistryFileSystem {
  const isBelow = (path: string, top: string): boolean =>
    path === top || path.startsWith(top + sep);
  const isGuarded = (path: string): boolean => isBelow(path, root);
  // At once: where a path leads the system knows by heart, and every trip to another thread costs ten times as much.
  const inside = (path: string): void => {
    if (!isGuarded(path)) return;
    const real = fs.sync.realpath(path);
    if (real !== path && !isBelow(real, fs.sync.realpath(root))) throw outside(path, root);
    assertReadable(path, fs.sync.lstat(real));
  };
  return {
    ...fs,
    readFile: async (path) => {
      inside(path);
      return fs.readFile(path);
    },
    readdir: async (path) => {
      inside(path);
      return fs.readdir(path);
    },
    sync: {
      ...fs.sync,
      readFile: (path) => {
        inside(path);
        return fs.sync.readFile(path);
      },
      readdir: (path) => {
        inside(path);
        return fs.sync.readdir(path);
      },
    },
  };
}
