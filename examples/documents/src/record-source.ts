import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Registry } from '@milepost/registry';
import { type SourcePdf } from './pipeline/find-pdfs.ts';

/**
 * Records the input as it is found, with the checksum of each file, as the upload job that a run's items come from.
 *
 * @returns its job ID, for `withRun({ source })`
 */
export async function recordSource(
  registry: Registry,
  inputDirectory: string,
  pdfs: readonly SourcePdf[],
): Promise<string> {
  const items = await Promise.all(
    pdfs.map(async ({ id, path }) => {
      const sha256 = await checksumOf(path);
      return sha256 === undefined ? { id } : { id, sha256 };
    }),
  );
  return registry.saveSource({ items, metadata: { input_directory: inputDirectory } });
}

async function checksumOf(file: string): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch {
    // The fetch stage fails for this document, and says why.
    return undefined;
  }
}
