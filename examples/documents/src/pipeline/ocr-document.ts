import { readFile } from 'node:fs/promises';
import { type FetchedPdf } from './fetch-pdf.ts';
import { type OcrEngine } from './ocr-engine.ts';
import { openPdf, type PdfReader } from './pdf-reader.ts';

/** One page as it was read. */
export interface ReadPage {
  /** From 1. */
  readonly page: number;
  /** The text layer; empty on a scanned page. */
  readonly text: string;
  /** Undefined on a page that was not recognised. */
  readonly ocr: OcrReading | undefined;
}

export interface OcrReading {
  readonly text: string;
  /** 0 to 100. */
  readonly confidence: number;
  /** Rendering and recognition together. */
  readonly durationSeconds: number;
}

/** A document with the text of all its pages. */
export interface ReadDocument {
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly pages: readonly ReadPage[];
  readonly headline: string | undefined;
  readonly metadataTitle: string | undefined;
}

export interface OcrOptions {
  /** How many pages, from the first, are rendered and recognised; 0 for the text layer alone. */
  readonly pages: number;
  readonly signal?: AbortSignal;
  /** Called before a page is rendered and recognised. */
  readonly onPage?: (page: number, lastPage: number) => void;
}

/**
 * Reads a document: the text layer of every page, and the first pages as a human sees them, by OCR.
 *
 * @throws pdf.js's error when it is no valid PDF, OcrError, or the signal's reason.
 */
export async function ocrDocument(
  pdf: FetchedPdf,
  engine: OcrEngine,
  options: OcrOptions,
): Promise<ReadDocument> {
  const { signal, onPage } = options;
  signal?.throwIfAborted();
  const reader = await openPdf(new Uint8Array(await readFile(pdf.path)));
  try {
    const { pages: texts, headline, metadataTitle } = await reader.readText();
    const lastPage = Math.min(options.pages, reader.pageCount);
    const readings: OcrReading[] = [];
    for (let page = 1; page <= lastPage; page += 1) {
      onPage?.(page, lastPage);
      readings.push(await recognizePage(reader, page, engine, signal));
    }
    const pages = texts.map((text, index) => ({ page: index + 1, text, ocr: readings[index] }));
    return { id: pdf.id, name: pdf.name, sha256: pdf.sha256, pages, headline, metadataTitle };
  } finally {
    await reader.close();
  }
}

async function recognizePage(
  reader: PdfReader,
  page: number,
  engine: OcrEngine,
  signal: AbortSignal | undefined,
): Promise<OcrReading> {
  signal?.throwIfAborted();
  const startedAt = performance.now();
  const image = await reader.renderPage(page);
  const { text, confidence } = await engine.recognize(image, signal);
  return { text, confidence, durationSeconds: (performance.now() - startedAt) / 1000 };
}
