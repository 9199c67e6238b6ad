import { type ReadDocument } from '../src/pipeline/ocr-document.ts';

/** A document as the ocr stage gives it, with these pages. */
export function readDocument(
  pages: readonly { readonly text: string; readonly ocr?: string }[],
  overrides: Partial<ReadDocument> = {},
): ReadDocument {
  return {
    id: 'a',
    name: 'a.pdf',
    sha256: 'a'.repeat(64),
    pages: pages.map(({ text, ocr }, index) => ({
      page: index + 1,
      text,
      ocr: ocr === undefined ? undefined : { text: ocr, confidence: 90, durationSeconds: 1 },
    })),
    headline: undefined,
    metadataTitle: undefined,
    ...overrides,
  };
}
