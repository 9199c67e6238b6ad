import { type Job } from 'bullmq';
import { recordOutput, withStage } from '@milepost/core';
import { type JobData, type Order } from '../job-data.ts';
import { extractPages } from '../pipeline/extract-pages.ts';
import { listPages } from '../pipeline/page-files.ts';
import { DOCUMENT_KINDS } from '../pipeline/scrape-site.ts';
import { runFiles } from '../run-files.ts';
import { extractionStage } from '../stages.ts';
import { type WorkerTools } from '../worker-tools.ts';
import { partOfReleaseIsDone } from './part-of-release.ts';

/** Finds what the pages name and decide. */
export async function extractionJob(job: Job<JobData>, tools: WorkerTools): Promise<void> {
  const { order } = job.data;
  await extract(order);
  await partOfReleaseIsDone('extraction', order, tools);
}

function extract(order: Order): Promise<void> {
  return withStage(extractionStage, async (stage) => {
    const { extractEntities, ignoreCache } = order;
    const { txtDirectory, extractionPath: file } = runFiles(order);
    stage.setConfig({ extract_entities: extractEntities, ignore_cache: ignoreCache });
    const kinds = await Promise.all(DOCUMENT_KINDS.map((kind) => listPages(txtDirectory, kind)));
    const found = await extractPages(kinds.flat(), { file, extractEntities }, (page, type) =>
      stage.setErrorContext({ page_file: page.file, extraction_type: type }),
    );
    recordOutput(file);
    stage.count('total_pages', found.pages);
    stage.count('entities_extracted', found.entities);
    stage.count('votes_extracted', found.votes);
  });
}
