import { type Job } from 'bullmq';
import { recordOutput, withStage } from '@milepost/core';
import { type JobData, type Order } from '../job-data.ts';
import { compileTable } from '../pipeline/compile-table.ts';
import { listPages } from '../pipeline/page-files.ts';
import { DOCUMENT_KINDS, type DocumentKind } from '../pipeline/scrape-site.ts';
import { runFiles } from '../run-files.ts';
import { compilationStage } from '../stages.ts';
import { type WorkerTools } from '../worker-tools.ts';
import { partOfReleaseIsDone } from './part-of-release.ts';

/** Compiles the pages into a database: each of its tables is an occurrence of the stage. */
export async function dbCompilationJob(job: Job<JobData>, tools: WorkerTools): Promise<void> {
  const { order } = job.data;
  const tables = order.allAgendas ? DOCUMENT_KINDS : (['minutes'] as const);
  for (const table of tables) {
    await compile(order, table, table === tables.at(-1));
  }
  await partOfReleaseIsDone('compilation', order, tools);
}

function compile(order: Order, table: DocumentKind, isLast: boolean): Promise<void> {
  return withStage(compilationStage, async (stage) => {
    const { extractEntities, ignoreCache, cacheDirectory } = order;
    const { txtDirectory, databasePath } = runFiles(order);
    stage.setConfig({
      table_name: table,
      extract_entities: extractEntities,
      ignore_cache: ignoreCache,
    });
    stage.setErrorContext({ txt_dir: txtDirectory, table_name: table, page_count: 0 });
    const pages = await listPages(txtDirectory, table);
    stage.setErrorContext({ page_count: pages.length });
    const compiled = await compileTable(pages, {
      databasePath,
      table,
      cacheDirectory,
      ignoreCache,
      extractEntities,
    });
    // Once, as the record has the checksum that it had then.
    if (isLast) recordOutput(databasePath);
    stage.count('total_pages', compiled.pages);
    stage.count('cache_hits', compiled.cacheHits);
    stage.count('cache_misses', compiled.cacheMisses);
  });
}
