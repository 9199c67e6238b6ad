import { type Job } from 'bullmq';
import { endRun, endStage } from '@milepost/core';
import { type OcrData } from '../job-data.ts';
import { listPages } from '../pipeline/page-files.ts';
import { DOCUMENT_KINDS } from '../pipeline/scrape-site.ts';
import { optionsOf } from '../queues.ts';
import { runFiles } from '../run-files.ts';
import { ocrStage } from '../stages.ts';
import { type WorkerTools } from '../worker-tools.ts';

/** Not one page could be read. */
class NoPageError extends Error {
  override readonly name = 'NoPageError';
  readonly code = 'no_page';
}

/** Ends the stage `ocr` when nothing more is to be expected of any page, and goes on with what there is. */
export async function ocrCompleteCoordinator(
  job: Job<OcrData>,
  { queues }: WorkerTools,
): Promise<void> {
  const { order, ocr } = job.data;
  const { txtDirectory } = runFiles(order);
  const kinds = await Promise.all(DOCUMENT_KINDS.map((kind) => listPages(txtDirectory, kind)));
  const pages = kinds.flat();
  const { expected = pages.length } = ocr.stage;
  if (pages.length === 0) {
    const error = new NoPageError(`None of ${expected} pages could be read.`);
    endStage(ocr, { status: 'failed', error });
    endRun({ status: 'failed', error });
    return;
  }
  endStage(ocr, {
    status: pages.length < expected ? 'partial' : 'completed',
    definition: ocrStage,
    attributes: {
      pdf_name: [...new Set(pages.map(({ document }) => `${document}.pdf`))],
      // In the log of the end; the record has the sum of the jobs.
      page_count: pages.length,
    },
  });
  await queues.compilation.add('db_compilation_job', { order }, optionsOf(order, 'compilation'));
  await queues.extraction.add('extraction_job', { order }, optionsOf(order, 'extraction'));
}
