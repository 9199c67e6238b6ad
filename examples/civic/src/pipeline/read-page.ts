import { readFile } from 'node:fs/promises';
import { type OcrEngine } from '@milepost/example-documents/ocr-engine';
import { openPdf } from '@milepost/example-documents/pdf-reader';

/** One page as it was read. */
export interface PageReading {
  readonly text: string;
  /** From the opening of the PDF on. */
  readonly durationSeconds: number;
}

/**
 * Reads a page of a PDF, from 1: by OCR, or without an engine its text layer.
 *
 * @throws pdf.js's error when it is no valid PDF, OcrError, or the file system's error
 */
export async function readPage(
  file: string,
  page: number,
  engine: OcrEngine | undefined,
): Promise<PageReading> {
  const startedAt = performance.now();
  const pdf = await openPdf(new Uint8Array(await readFile(file)));
  try {
    const text =
      engine === undefined
        ? ((await pdf.readText()).pages[page - 1] ?? '')
        : (await engine.recognize(await pdf.renderPage(page))).text;
    return { text, durationSeconds: (performance.now() - startedAt) / 1000 };
  } finally {
    await pdf.close();
  }
}
