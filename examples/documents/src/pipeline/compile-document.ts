import { cleanText, wordsOf } from './clean-text.ts';
import { type CompiledPage, openCompilationCache } from './compilation-cache.ts';
import { type ReadDocument, type ReadPage } from './ocr-document.ts';

/** A document as one text. */
export interface CompiledDocument {
  readonly id: string;
  readonly name: string;
  /** Of the PDF. */
  readonly sha256: string;
  readonly pages: readonly CompiledPage[];
  /** All pages, divided by form feeds. */
  readonly text: string;
  readonly wordCount: number;
  readonly headline: string | undefined;
  readonly metadataTitle: string | undefined;
  /** Whether the pages came from the cache. */
  readonly cached: boolean;
}

export interface CompileOptions {
  /** Keeps compiled pages between runs, under the hash of what they were compiled from. */
  readonly cacheDirectory: string;
  /** Compile again, and replace what is in the cache. Default: false. */
  readonly ignoreCache?: boolean;
}

/** Makes one text of a document: each page's text layer, or what OCR read where there is none. */
export async function compileDocument(
  document: ReadDocument,
  options: CompileOptions,
): Promise<CompiledDocument> {
  const cache = openCompilationCache(options.cacheDirectory);
  const key = cache.keyOf(document.pages);
  const cached = options.ignoreCache === true ? undefined : await cache.read(key);
  const pages = cached ?? document.pages.map(compilePage);
  if (cached === undefined) await cache.write(key, pages);
  const text = pages.map((page) => page.text).join('\n\f\n');
  return {
    id: document.id,
    name: document.name,
    sha256: document.sha256,
    pages,
    text,
    wordCount: wordsOf(text).length,
    headline: document.headline,
    metadataTitle: document.metadataTitle,
    cached: cached !== undefined,
  };
}

function compilePage({ page, text, ocr }: ReadPage): CompiledPage {
  const layer = cleanText(text);
  const seen = ocr === undefined ? '' : cleanText(ocr.text);
  const ocrAgreement = layer === '' || ocr === undefined ? null : sharedWords(layer, seen);
  if (layer !== '') return { page, text: layer, source: 'text_layer', ocrAgreement };
  return { page, text: seen, source: seen === '' ? 'none' : 'ocr', ocrAgreement };
}

// The share of the text layer's distinct longer words that OCR read too. Low: the layer is not what one sees.
function sharedWords(layer: string, seen: string): number | null {
  const expected = [...longWords(layer)];
  if (expected.length === 0) return null;
  const read = longWords(seen);
  return expected.filter((word) => read.has(word)).length / expected.length;
}

function longWords(text: string): Set<string> {
  return new Set(
    wordsOf(text)
      .filter((word) => word.length > 3)
      .map((word) => word.toLowerCase()),
  );
}
