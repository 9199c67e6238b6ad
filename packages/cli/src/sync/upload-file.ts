import { type RunFile } from '@milepost/registry';
import { type Digest, digestOf } from './digest.ts';
import { LocalFile, changed } from './local-file.ts';
import { type ObjectStore } from './object-store.ts';

/** What is larger goes up in parts. */
const MAX_BYTES_AT_ONCE = 8 * 1024 * 1024;

/** Where files come from and go to. */
export interface Transfer {
  /** Absolute. */
  readonly root: string;
  readonly store: ObjectStore;
  /** The key of a path. */
  readonly keyOf: (path: string) => string;
}

async function withFile<T>(
  root: string,
  { path, kind }: RunFile,
  use: (file: LocalFile) => Promise<T>,
): Promise<T> {
  const file = await LocalFile.open(root, path, kind === 'journal');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Whether the store has a file as it is now. Reads it only where it may. */
export async function isStored(
  { root, store, keyOf }: Transfer,
  file: RunFile,
  signal: AbortSignal,
): Promise<boolean> {
  const stored = await store.look(keyOf(file.path), signal);
  if (stored === undefined) return false;
  return withFile(root, file, async (local) => {
    if (stored.size !== local.size) return false;
    const { sha256, md5 } = await local.digest(signal);
    // Someone may have put it there without our checksum, or damaged it and kept ours.
    if (stored.md5 !== undefined && stored.md5 !== md5) return false;
    return stored.sha256 === sha256 || (stored.sha256 === undefined && stored.md5 === md5);
  });
}

/**
 * Uploads a file as it is now, and makes sure that it arrived.
 * @param onBytes told how many more bytes have arrived
 * @returns how many bytes it has
 */
export async function uploadFile(
  { root, store, keyOf }: Transfer,
  file: RunFile,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<number> {
  const key = keyOf(file.path);
  return withFile(root, file, async (local) => {
    if (local.size <= MAX_BYTES_AT_ONCE) {
      const bytes = await local.read(0, local.size);
      await local.assertSame();
      await store.put(key, bytes, digestOf(bytes), signal);
      onBytes(bytes.length);
    } else {
      const digest: Digest = await local.digest(signal);
      const isWhole = async (sha256: string): Promise<void> => {
        await local.assertSame();
        if (sha256 !== digest.sha256) throw changed();
      };
      await store.putParts(key, local, digest, { signal, onBytes, isWhole });
    }
    return local.size;
  });
}
