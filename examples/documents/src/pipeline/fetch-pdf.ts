import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type SourcePdf } from './find-pdfs.ts';
import { hasPdfHeader } from './pdf-header.ts';

/** A PDF of which this run has its own copy. */
export interface FetchedPdf {
  readonly id: string;
  readonly name: string;
  /** Where it came from, as a `file:` URL. */
  readonly url: string;
  /** The absolute path of the copy. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the bytes, in hex. */
  readonly sha256: string;
}

/** The file is named like a PDF and is something else, for example a saved error page. */
class NotAPdfError extends Error {
  override readonly name = 'NotAPdfError';
  readonly code = 'not_a_pdf';
}

/**
 * Copies one PDF into the directory, which is made when it is missing.
 *
 * @throws NotAPdfError when the file does not begin like a PDF; otherwise the file system's error.
 */
export async function fetchPdf(source: SourcePdf, directory: string): Promise<FetchedPdf> {
  const bytes = await readFile(source.path);
  if (!hasPdfHeader(bytes)) {
    const start = JSON.stringify(bytes.subarray(0, 24).toString('latin1'));
    throw new NotAPdfError(`Expected a PDF, but ${source.name} begins with ${start}.`);
  }
  await mkdir(directory, { recursive: true });
  const copy = path.join(directory, source.name);
  await writeFile(copy, bytes);
  return {
    id: source.id,
    name: source.name,
    url: pathToFileURL(source.path).href,
    path: copy,
    sizeBytes: bytes.byteLength,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}
