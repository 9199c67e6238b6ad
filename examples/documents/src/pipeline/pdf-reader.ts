import {
  createIsomorphicCanvasFactory,
  extractTextItems,
  getDocumentProxy,
  getMeta,
  renderPageAsImage,
} from 'unpdf';
import { findHeadline } from './headline.ts';

/** What a PDF holds as text. */
export interface PdfText {
  /** The text layer of every page, in order; a scanned page has an empty one. */
  readonly pages: readonly string[];
  /** What is set in the largest type on the first page. */
  readonly headline: string | undefined;
  /** The title in the metadata: often missing, often that of a template. */
  readonly metadataTitle: string | undefined;
}

/** An open PDF. Close it: pdf.js holds the document in memory until then. */
export interface PdfReader {
  readonly pageCount: number;
  readText(): Promise<PdfText>;
  /** A page, from 1, as PNG in 144 dpi, or less where that would be too large. */
  renderPage(page: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

// PDF units are 1/72 inch. At 108 dpi Tesseract is 4 to 12 points less confident on the sample papers.
const RENDER_SCALE = 2;
// A page may claim any size; this holds one image to 64 MB.
const MAX_SIDE_PIXELS = 4096;
// pdf.js's VerbosityLevel.ERRORS. By default it prints a warning for each oddity of a font or an image.
const VERBOSITY_ERRORS = 0;

const canvasImport = () => import('@napi-rs/canvas');

/**
 * Opens a PDF. The bytes belong to the reader from then on.
 *
 * @throws pdf.js's errors as they are: `InvalidPDFException`, `PasswordException`, ...
 */
export async function openPdf(bytes: Uint8Array): Promise<PdfReader> {
  const CanvasFactory = await createIsomorphicCanvasFactory(canvasImport);
  const pdf = await getDocumentProxy(bytes, { verbosity: VERBOSITY_ERRORS, CanvasFactory });
  return {
    pageCount: pdf.numPages,
    async readText() {
      const { items } = await extractTextItems(pdf);
      const { info } = await getMeta(pdf);
      const title: unknown = info['Title'];
      return {
        pages: items.map((page) =>
          page.map(({ str, hasEOL }) => (hasEOL ? `${str}\n` : str)).join(''),
        ),
        headline: findHeadline(items[0] ?? []),
        metadataTitle: typeof title === 'string' && title.trim() !== '' ? title.trim() : undefined,
      };
    },
    async renderPage(page) {
      const { width, height } = (await pdf.getPage(page)).getViewport({ scale: 1 });
      const scale = Math.min(RENDER_SCALE, MAX_SIDE_PIXELS / Math.max(width, height));
      return new Uint8Array(await renderPageAsImage(pdf, page, { canvasImport, scale }));
    },
    async close() {
      await pdf.loadingTask.destroy();
    },
  };
}
