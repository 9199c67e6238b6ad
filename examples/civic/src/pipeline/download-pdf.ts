import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasPdfHeader } from '@milepost/example-documents/pdf-header';
import { openPdf } from '@milepost/example-documents/pdf-reader';
import { get } from './http-error.ts';
import { type DocumentKind, type ListedDocument } from './scrape-site.ts';

/** A document on disk. */
export interface DownloadedPdf {
  readonly id: string;
  readonly kind: DocumentKind;
  readonly path: string;
  readonly name: string;
  /** At least 1: of a PDF that cannot be opened, whoever reads its first page says why. */
  readonly pageCount: number;
}

/** A document is named like a PDF and is something else. */
class NotAPdfError extends Error {
  override readonly name = 'NotAPdfError';
  readonly code = 'not_a_pdf';
}

/**
 * Downloads one document into a directory, which is made when it is missing.
 *
 * @throws HttpError, NotAPdfError, or the file system's error
 */
export async function downloadPdf(
  { id, kind, url }: ListedDocument,
  directory: string,
): Promise<DownloadedPdf> {
  const bytes = await get(url);
  if (!hasPdfHeader(bytes)) throw new NotAPdfError(`Expected a PDF at ${url}.`);
  const name = `${id}.pdf`;
  const file = path.join(directory, name);
  await mkdir(directory, { recursive: true });
  await writeFile(file, bytes);
  return { id, kind, path: file, name, pageCount: await countPages(bytes) };
}

async function countPages(bytes: Uint8Array): Promise<number> {
  try {
    const pdf = await openPdf(bytes);
    const { pageCount } = pdf;
    await pdf.close();
    return pageCount;
  } catch {
    // The page that is read first fails by the same error, with all that is to be said of it.
    return 1;
  }
}
