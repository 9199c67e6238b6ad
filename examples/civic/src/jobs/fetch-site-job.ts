import { type Job } from 'bullmq';
import {
  beginStage,
  createJob,
  eachItem,
  recordOutput,
  type Stage,
  type StageEnvelope,
  withStage,
} from '@milepost/core';
import { jobOptions } from '@milepost/queue';
import { type FetchSiteData, type Order } from '../job-data.ts';
import { type DownloadedPdf, downloadPdf } from '../pipeline/download-pdf.ts';
import { HttpError } from '../pipeline/http-error.ts';
import { type ListedDocument, scrapeSite } from '../pipeline/scrape-site.ts';
import { optionsOf, type Queues } from '../queues.ts';
import { runFiles } from '../run-files.ts';
import { fetchStage, ocrStage } from '../stages.ts';
import { type WorkerTools } from '../worker-tools.ts';

/** There is nothing that the run could go on with. */
class NoPdfError extends Error {
  override readonly name = 'NoPdfError';
  readonly code = 'no_pdf';
}

/** Downloads the documents of a site, and spreads the stage `ocr` over a job per page. */
export async function fetchSiteJob(
  job: Job<FetchSiteData>,
  { queues }: WorkerTools,
): Promise<void> {
  const { order } = job.data;
  const spread = job.data.spread ?? (await begin(order));
  // Whoever tries this job again goes on with the stage that has begun.
  if (job.data.spread === undefined) await job.updateData({ order, spread });
  await addPages(order, spread, queues.ocr);
}

async function begin(order: Order): Promise<NonNullable<FetchSiteData['spread']>> {
  const pdfs = await withStage(fetchStage, (stage) => fetchPdfs(order, stage));
  const expected = pdfs.reduce((pages, { pageCount }) => pages + pageCount, 0);
  const ocr = beginStage(ocrStage, { expected, config: { backend: order.backend } });
  return { pdfs, ocr };
}

/** @throws HttpError, or NoPdfError when no document could be fetched */
async function fetchPdfs(
  order: Order,
  stage: Stage<typeof fetchStage>,
): Promise<readonly DownloadedPdf[]> {
  const { site, allYears, allAgendas } = order;
  stage.setConfig({ scraper_type: 'html_index', all_years: allYears, all_agendas: allAgendas });
  stage.setErrorContext({ url: site });
  const statusOf = new Map<string, number>();
  const told = ({ url }: { readonly url: string }) => {
    const http_status = statusOf.get(url);
    return { url, ...(http_status !== undefined && { http_status }) };
  };
  const telling = async <Value>(url: string, work: Promise<Value>): Promise<Value> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof HttpError && error.status !== undefined) {
        statusOf.set(url, error.status);
      }
      stage.setErrorContext(told({ url }));
      throw error;
    }
  };
  const listed = await telling(site, scrapeSite(site, order));
  const startedAt = performance.now();
  const each = {
    id: ({ id }: ListedDocument) => id,
    concurrency: 4,
    attributes: told,
  };
  const results = await eachItem(listed, each, async (document) => {
    const pdf = await telling(document.url, downloadPdf(document, runFiles(order).pdfDirectory));
    recordOutput(pdf.path);
    return pdf;
  });
  const pdfs = results.flatMap((result) => (result.status === 'completed' ? [result.value] : []));
  if (pdfs.length === 0) throw new NoPdfError(`None of ${listed.length} documents was fetched.`);
  stage.count('total_pdfs', pdfs.length);
  for (const { pageCount } of pdfs) stage.count('total_pages', pageCount);
  stage.set('fetch_duration_per_pdf', (performance.now() - startedAt) / 1000 / listed.length);
  return pdfs;
}

async function addPages(
  order: Order,
  { pdfs, ocr }: { readonly pdfs: readonly DownloadedPdf[]; readonly ocr: StageEnvelope },
  queue: Queues['ocr'],
): Promise<void> {
  const name = 'ocr_page_job';
  const pages = pdfs.flatMap((pdf) =>
    Array.from({ length: pdf.pageCount }, (_, index) => ({ pdf, number: index + 1 })),
  );
  await queue.addBulk(
    pages.map((page) => ({
      name,
      data: { order, ocr, page },
      opts: jobOptions(
        createJob({ name, stage: ocr }),
        optionsOf(order, `ocr.${page.pdf.id}.${page.number}`),
      ),
    })),
  );
}
