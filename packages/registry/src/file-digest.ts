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
