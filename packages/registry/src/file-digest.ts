import { createHash } from 'node:crypto';
import { type RegistryFileSystem } from './file-system.ts';

const CHUNK_BYTES = 256 * 1024;

/** Size in bytes and SHA-256 in hex of a file. */
export interface FileDigest {
  readonly size: number;
  readonly sha256: string;
}

/** Reads a file through, a piece at a time. */
export async function digestFile(fs: RegistryFileSystem, path: string): Promise<FileDigest> {
  const file = await fs.open(path, 'r');
  try {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, size);
      if (bytesRead === 0) return { size, sha256: hash.digest('hex') };
      hash.update(chunk.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** What a look at a file told. */
export type LookedAt = FileDigest | { readonly size: number } | { readonly missing: true };

/** There is no such file. */
export const MISSING: LookedAt = { missing: true };

/** Looks at a file at once. One with more bytes than that, and what is no file of its own, is not read. */
export function digestNow(fs: RegistryFileSystem, path: string, maxBytes: number): LookedAt {
  try {
    // Who recorded it may have named it by a link out of the root.
    const real = fs.sync.realpath(path);
    const facts = fs.sync.lstat(real);
    if (!facts.isFile() || facts.size > maxBytes) return { size: facts.size };
    const bytes = fs.sync.readFile(real);
    return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch {
    return MISSING;
  }
}
