import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * The directory of the PDFs that the npm package `pdf-parse` ships for its own tests: three papers, a
 * one-line document, and `03-invalid.pdf`, whose structure really is broken.
 */
export function samplePdfDirectory(): string {
  const { resolve } = createRequire(import.meta.url);
  return path.join(path.dirname(resolve('pdf-parse/package.json')), 'test', 'data');
}
