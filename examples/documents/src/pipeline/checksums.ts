import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** A file of a directory. */
export interface FileChecksum {
  /** Relative to the directory, with slashes on every system. */
  readonly path: string;
  readonly sizeBytes: number;
  /** In hex. */
  readonly sha256: string;
}

/** The name of the manifest in a checked directory. */
export const MANIFEST_NAME = 'SHA256SUMS';

/** All files below a directory except its manifest, sorted by path. */
export async function checksumDirectory(directory: string): Promise<readonly FileChecksum[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(directory, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'),
    )
    .filter((file) => file !== MANIFEST_NAME)
    .toSorted();
  return Promise.all(
    paths.map(async (file) => {
      const bytes = await readFile(path.join(directory, file));
      return {
        path: file,
        sizeBytes: bytes.byteLength,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      };
    }),
  );
}

/** The manifest in the format of GNU coreutils: `sha256sum --check SHA256SUMS` reads it. */
export function formatManifest(files: readonly FileChecksum[]): string {
  return files.map(manifestLine).join('');
}

// A name with a line break or a backslash is escaped, and its line marked by a leading backslash.
function manifestLine({ path: file, sha256 }: FileChecksum): string {
  const escaped = file.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === file ? '' : '\\'}${sha256}  ${escaped}\n`;
}
