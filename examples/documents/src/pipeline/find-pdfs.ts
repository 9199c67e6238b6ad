import { type Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from './input-error.ts';
import { hasPdfHeader, readHeader } from './pdf-header.ts';

/** A PDF as it was found. */
export interface SourcePdf {
  /** Names the document in every later stage: the file name without `.pdf`, unique in its directory. */
  readonly id: string;
  /** The file name. */
  readonly name: string;
  /** The absolute path. */
  readonly path: string;
}

/**
 * Finds the regular files named `*.pdf` (in any case) directly in a directory, sorted by name. Links,
 * directories and pipes of such a name are left out. A file that is named like a PDF and is none is
 * still found, as long as one other file is a PDF: it fails where it is fetched, and does not vanish.
 *
 * @throws InputError when the directory cannot be read, or holds no PDF at all.
 */
export async function findPdfs(directory: string): Promise<readonly SourcePdf[]> {
  const root = path.resolve(directory);
  const entries = await listDirectory(root);
  const named = entries.filter((entry) => /\.pdf$/i.test(entry.name));
  const names = named.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const headers = await Promise.all(names.map((name) => looksLikePdf(path.join(root, name))));
  if (!headers.includes(true)) {
    throw new InputError('no_pdfs', `No PDF in ${root}: ${whatIsThere(entries, named, names)}.`);
  }
  const ids = uniqueIds(names);
  return names
    .map((name, index) => ({ id: ids[index] ?? name, name, path: path.join(root, name) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function listDirectory(root: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(root, { withFileTypes: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') {
      throw new InputError('input_not_found', `No such directory: ${root}`, { cause: error });
    }
    if (code === 'ENOTDIR') {
      const message = `Expected a directory of PDFs, but ${root} is a file.`;
      throw new InputError('input_not_a_directory', message, { cause: error });
    }
    throw new InputError('input_unreadable', `Cannot read ${root}: ${String(error)}`, {
      cause: error,
    });
  }
}

async function looksLikePdf(filePath: string): Promise<boolean> {
  try {
    return hasPdfHeader(await readHeader(filePath));
  } catch {
    // Unreadable: fetching it reports why. Here it only does not count as a PDF.
    return false;
  }
}

function whatIsThere(
  entries: readonly Dirent[],
  named: readonly Dirent[],
  files: readonly string[],
): string {
  if (entries.length === 0) return 'it is empty';
  if (named.length === 0) return `none of its ${String(entries.length)} entries is named *.pdf`;
  if (files.length === 0)
    return `no *.pdf in it is a regular file (${listed(named.map((entry) => entry.name))})`;
  return `no *.pdf in it begins with a PDF header (${listed(files)})`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${String(names.length - 3)} more` : shown;
}

// An ID names files later. A name stays whole where its stem would be no file name, is also that of another
// file (`a.pdf`, `a.PDF`), or is another's name.
function uniqueIds(names: readonly string[]): readonly string[] {
  const stems = names.map((name) => name.slice(0, -'.pdf'.length));
  const taken = Map.groupBy([...stems, ...names], (name) => name);
  return names.map((name, index) => {
    const stem = stems[index] ?? '';
    return !/^\.{0,2}$/.test(stem) && taken.get(stem)?.length === 1 ? stem : name;
  });
}
