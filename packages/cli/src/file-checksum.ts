import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CliError } from './cli-error.ts';

const SHA256 = /^[0-9a-f]{64}$/i;

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * A SHA-256 in lower-case hex: as it was given, or of the file that was named. A file of such a name comes first.
 * @throws {CliError} for what is neither
 */
export async function checksumOf(given: string, cwd: string): Promise<string> {
  const path = resolve(cwd, given);
  if (!given.includes('\0') && (await isFile(path))) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  }
  if (SHA256.test(given)) return given.toLowerCase();
  throw new CliError(
    `no file at ${path}, and no SHA-256: expected 64 hex digits or the path of a file.`,
  );
}
