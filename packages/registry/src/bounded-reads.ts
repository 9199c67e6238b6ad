import { type RegistryFileSystem } from './file-system.ts';
import { Turns } from './turns.ts';

/** How many whole files are read at once. */
const MAX_READS = 32;

/** A file system that reads few whole files at once, however many are asked for: each is an open file meanwhile. */
export function withBoundedReads(fs: RegistryFileSystem): RegistryFileSystem {
  const reads = new Turns(MAX_READS);
  return { ...fs, readFile: (path) => reads.take(() => fs.readFile(path)) };
}
