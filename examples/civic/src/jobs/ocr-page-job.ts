import { type Job } from 'bullmq';
import { createJob, currentStage, recordOutput, withItem } from '@milepost/core';
import { jobOptions } from '@milepost/queue';
import { type OcrData } from '../job-data.ts';
import { writePage } from '../pipeline/page-files.ts';
import { readPage } from '../pipeline/read-page.ts';
import { optionsOf } from '../queues.ts';
import { runFiles } from '../run-files.ts';
import { type WorkerTools } from '../worker-tools.ts';

type Page = NonNullable<OcrData['page']>;

/** Reads one page, and keeps its text. */
export async function ocrPageJob(job: Job<OcrData>, tools: WorkerTools): Promise<void> {
  const { data } = job;
  const { page } = data;
  if (page === undefined) throw new TypeError(`Expected a page in the data of ${job.name}.`);
  const { pdf, number } = page;
  const attributes = {
    pdf_path: pdf.path,
    pdf_name: pdf.name,
    page_number: number,
    backend: data.order.backend,
  };
  currentStage()?.setErrorContext(attributes);
  try {
    await tools.onPage?.(data);
    await withItem(`${pdf.id}-page-${number}`, { attributes }, () => read(data, page, tools));
  } catch (error) {
    // Before BullMQ hears of it: once the job has failed, nobody else counts the page of a worker that dies then.
    if (isLastTry(job)) await pageIsDone(job, tools);
    throw error;
  }
  await pageIsDone(job, tools);
}

/** Whether BullMQ does not run a job again if it fails now. */
function isLastTry({ attemptsMade, opts: { attempts = 1 } }: Job<OcrData>): boolean {
  return attemptsMade + 1 >= attempts;
}

async function read({ order }: OcrData, page: Page, tools: WorkerTools): Promise<void> {
  const { backend } = order;
  const { pdf, number } = page;
  const engine = backend === 'tesseract' ? await tools.ocrEngine() : undefined;
  const { text, durationSeconds } = await readPage(pdf.path, number, engine);
  const place = { kind: pdf.kind, document: pdf.id, page: number };
  recordOutput(await writePage(runFiles(order).txtDirectory, place, text));
  const stage = currentStage();
  stage?.set('pdf_name', pdf.name);
  stage?.set('ocr_duration_per_page', durationSeconds);
  stage?.count('page_count');
}

/** Notes that nothing more is to be expected of a page. After the last one, the coordinator goes on. */
export async function pageIsDone(job: Job<OcrData>, { done, queues }: WorkerTools): Promise<void> {
  const { order, ocr, page } = job.data;
  if (page === undefined) return;
  const part = `${page.pdf.id}.${page.number}`;
  const isLast = await done.note(`${order.key}:ocr`, part, ocr.stage.expected ?? 0);
  if (!isLast) return;
  const name = 'ocr_complete_coordinator';
  const envelope = createJob({ name, stage: ocr, ...(job.id && { parentJobId: job.id }) });
  await queues.ocr.add(
    name,
    { order, ocr },
    jobOptions(envelope, optionsOf(order, 'ocr-complete')),
  );
}
