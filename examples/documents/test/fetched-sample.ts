import { fetchPdf, type FetchedPdf } from '../src/pipeline/fetch-pdf.ts';
import { findPdfs } from '../src/pipeline/find-pdfs.ts';
import { samplePdfDirectory } from '../src/pipeline/sample-pdfs.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** One of the sample PDFs, fetched into a directory that lasts as long as the test. */
export async function fetchedSample(id: string): Promise<FetchedPdf> {
  const source = (await findPdfs(samplePdfDirectory())).find((pdf) => pdf.id === id);
  if (source === undefined) throw new Error(`no sample ${id}`);
  return fetchPdf(source, await temporaryDirectory());
}
