import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type DocumentKind } from './scrape-site.ts';

/** Where the text of a page lies: `{txtDirectory}/{kind}/{document}/page_0001.txt`. */
export interface PageFile {
  readonly file: string;
  readonly document: string;
  /** From 1. */
  readonly page: number;
}

const PAGE_FILE = /^page_(?<page>\d{4,})\.txt$/;

/**
 * Keeps the text of a page. Who reads the directory sees the whole text, or none.
 *
 * @returns the path of the file
 */
export async function writePage(
  txtDirectory: string,
  place: { readonly kind: DocumentKind; readonly document: string; readonly page: number },
  text: string,
): Promise<string> {
  const directory = path.join(txtDirectory, place.kind, place.document);
  const file = path.join(directory, `page_${String(place.page).padStart(4, '0')}.txt`);
  await mkdir(directory, { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, file);
  return file;
}

/** The pages of a kind, by document and number; none where nothing of it was read. */
export async function listPages(
  txtDirectory: string,
  kind: DocumentKind,
): Promise<readonly PageFile[]> {
  const entries = await entriesOf(path.join(txtDirectory, kind));
  return entries
    .flatMap(({ directory, name }) => {
      const page = PAGE_FILE.exec(name)?.groups?.['page'];
      if (page === undefined) return [];
      const document = path.basename(directory);
      return [{ file: path.join(directory, name), document, page: Number(page) }];
    })
    .toSorted((a, b) => a.document.localeCompare(b.document) || a.page - b.page);
}

async function entriesOf(
  directory: string,
): Promise<readonly { readonly directory: string; readonly name: string }[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries.map(({ parentPath, name }) => ({ directory: parentPath, name }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
