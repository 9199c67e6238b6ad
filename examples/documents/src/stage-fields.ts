import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { recordOutput, type Stage } from '@milepost/core';
import { type CompiledText } from './keep-results.ts';
import { type PipelineOptions } from './pipeline-options.ts';
import { type CompiledDocument } from './pipeline/compile-document.ts';
import { type SiteDocument } from './pipeline/deploy-plugins.ts';
import { type Deployment } from './pipeline/deploy-site.ts';
import { type ExtractionType } from './pipeline/extract-fields.ts';
import { type FetchedPdf } from './pipeline/fetch-pdf.ts';
import { countEntities } from './pipeline/find-entities.ts';
import { type SourcePdf } from './pipeline/find-pdfs.ts';
import { type ReadDocument } from './pipeline/ocr-document.ts';
import { summarizeReadings } from './pipeline/reading-summary.ts';
import {
  type compilationStage,
  type deployStage,
  type extractionStage,
  type fetchStage,
  ocrStage,
} from './stages.ts';

// The fields that `stages.ts` declares, as they follow from the options and from what the functions of `pipeline/` gave:
// per stage its configuration, what was worked on when something failed, and what came of it.

/** The table of the pages' texts. */
export const TABLE_NAME = 'minutes';

export function fetchConfig({ inputDirectory }: PipelineOptions) {
  return {
    scraper_type: 'directory',
    all_years: true,
    all_agendas: true,
    input_directory: inputDirectory,
  } as const;
}

export function fetchErrorFields(pdf: SourcePdf) {
  return { url: pathToFileURL(pdf.path).href };
}

export function tellFetched(
  stage: Stage<typeof fetchStage>,
  fetched: readonly FetchedPdf[],
  secondsPerPdf: number,
): void {
  stage.count('total_pdfs', fetched.length);
  stage.set('fetch_duration_per_pdf', secondsPerPdf);
}

export function ocrConfig({ pages, workers }: Pick<PipelineOptions, 'pages' | 'workers'>) {
  return { backend: 'tesseract', pages_per_document: pages, workers } as const;
}

/** @param page_number that was being read; 0 where none was */
export function ocrErrorFields({ url, name }: FetchedPdf, page_number: number) {
  const backend = 'tesseract' as const;
  return { pdf_path: fileURLToPath(url), pdf_name: name, page_number, backend };
}

export function tellRead(stage: Stage<typeof ocrStage>, documents: readonly ReadDocument[]): void {
  const summary = summarizeReadings(documents);
  stage.count('total_pages', summary.pageCount);
  stage.count('page_count', summary.pageCount);
  stage.count('ocr_page_count', summary.ocrPageCount);
  stage.set('ocr_duration_per_page', summary.ocrDurationPerPage);
  stage.set('ocr_confidence', summary.ocrConfidence);
  stage.set(
    'pdf_name',
    documents.map(({ name }) => name),
  );
}

export function compilationConfig({ extractEntities, ignoreCache }: PipelineOptions) {
  return {
    table_name: TABLE_NAME,
    extract_entities: extractEntities,
    ignore_cache: ignoreCache,
  };
}

export function compilationErrorFields(page_count: number, { resultsOf }: PipelineOptions) {
  return { txt_dir: resultsOf(ocrStage.name), table_name: TABLE_NAME, page_count };
}

export function tellCompiled(
  stage: Stage<typeof compilationStage>,
  documents: readonly CompiledDocument[],
): void {
  stage.count('total_pages', documents.flatMap(({ pages }) => pages).length);
  stage.count('cache_hits', documents.filter(({ cached }) => cached).length);
  stage.count('cache_misses', documents.filter(({ cached }) => !cached).length);
}

export function extractionConfig({ extractEntities, ignoreCache }: PipelineOptions) {
  return { extract_entities: extractEntities, ignore_cache: ignoreCache };
}

export function extractionErrorFields(
  { file }: CompiledText,
  extraction_type: ExtractionType | undefined,
) {
  return { page_file: file, ...(extraction_type === undefined ? {} : { extraction_type }) };
}

export function tellExtracted(
  stage: Stage<typeof extractionStage>,
  documents: readonly SiteDocument[],
): void {
  for (const { compiled, fields } of documents) {
    stage.count('total_pages', compiled.pages.length);
    stage.count('entities_extracted', countEntities(fields.entities));
    stage.count('votes_extracted', fields.votes.length);
  }
}

export function deployConfig({ deployTarget }: PipelineOptions, databasePath: string) {
  return { deploy_target: deployTarget, database_path: databasePath };
}

export function tellDeployed(
  stage: Stage<typeof deployStage>,
  { release, manifest, files, pluginCount, unchanged }: Deployment,
): void {
  for (const file of files) recordOutput(path.join(release, file.path));
  recordOutput(manifest);
  stage.count('plugin_count', pluginCount);
  stage.count('files_processed', files.length);
  stage.set('unchanged', unchanged);
}
