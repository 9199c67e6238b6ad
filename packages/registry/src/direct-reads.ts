import { type RegistryFileSystem } from './file-system.ts';

/**
 * A file system that reads at once instead of in another thread. For a few small files the way there and back costs more
 * than reading them; for many, the program must be let go on in between.
 */
export function withDirectReads(fs: RegistryFileSystem): RegistryFileSystem {
  return {
    ...fs,
    readFile: async (path) => fs.sync.readFile(path),
    readdir: async (path) => fs.sync.readdir(path),
    lstat: async (path) => fs.sync.lstat(path),
  };
}
