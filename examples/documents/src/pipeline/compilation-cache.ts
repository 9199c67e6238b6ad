import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { type ReadPage } from './ocr-document.ts';

const compiledPageSchema = z.object({
  page: z.int().positive(),
  text: z.string(),
  /** Where the text came from: `none` on a page without a text layer that OCR did not read. */
  source: z.enum(['text_layer', 'ocr', 'none']),
  /** 0 to 1: how much of the text layer OCR read too; null where one of them is missing. */
  ocrAgreement: z.number().min(0).max(1).nullable(),
});

/** One page of a compiled document. */
export type CompiledPage = z.infer<typeof compiledPageSchema>;

export interface CompilationCache {
  /** The hash of what the pages are compiled from. */
  keyOf(pages: readonly ReadPage[]): string;
  /** Undefined when there is no entry, or none that can be used. */
  read(key: string): Promise<readonly CompiledPage[] | undefined>;
  write(key: string, pages: readonly CompiledPage[]): Promise<void>;
}

// Raised with every change of what compiling gives: older entries are then never found.
const COMPILER_VERSION = 1;

/** A directory of compiled pages, a file per document content. It is made with the first entry. */
export function openCompilationCache(directory: string): CompilationCache {
  const fileOf = (key: string): string => path.join(directory, `${key}.json`);
  return {
    keyOf(pages) {
      const content = pages.map(({ text, ocr }) => [text, ocr?.text ?? null]);
      return createHash('sha256')
        .update(JSON.stringify([COMPILER_VERSION, content]))
        .digest('hex');
    },
    async read(key) {
      try {
        const entry: unknown = JSON.parse(await readFile(fileOf(key), 'utf8'));
        return z.array(compiledPageSchema).parse(entry);
      } catch {
        // Missing, cut off or of another shape: compiling again replaces it.
        return undefined;
      }
    },
    async write(key, pages) {
      await mkdir(directory, { recursive: true });
      const temporary = path.join(directory, `.${randomUUID()}.tmp`);
      await writeFile(temporary, JSON.stringify(pages));
      await rename(temporary, fileOf(key));
    },
  };
}
