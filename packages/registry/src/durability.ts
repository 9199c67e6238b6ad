import { type RegistryFile, type RegistryFileSystem } from './file-system.ts';

/** The values of {@link Durability}. */
export const DURABILITY_VALUES = ['disk', 'os'] as const;
/**
 * What a record survives once it is acknowledged. `disk`: also a power cut and a crash of the system, as everything is
 * synced. `os`: the end of the process in any way, kill -9 too, as the system has it; nothing is synced.
 */
export type Durability = (typeof DURABILITY_VALUES)[number];

const resolved = (): Promise<void> => Promise.resolve();

function withoutSync(file: RegistryFile): RegistryFile {
  return {
    write: (data, offset, length) => file.write(data, offset, length),
    read: (data, offset, length, position) => file.read(data, offset, length, position),
    sync: resolved,
    stat: () => file.stat(),
    close: () => file.close(),
  };
}

/** A file system that waits for the disk as a durability asks for. */
export function withDurability(fs: RegistryFileSystem, durability: Durability): RegistryFileSystem {
  if (durability === 'disk') return fs;
  return {
    ...fs,
    open: async (path, flags) => withoutSync(await fs.open(path, flags)),
    syncDirectory: resolved,
    sync: {
      ...fs.sync,
      writeNew: (path, data) => fs.sync.writeNew(path, data, false),
      syncDirectory: () => undefined,
    },
  };
}
