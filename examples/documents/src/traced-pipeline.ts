import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { eachItem, type ItemResult, log, recordOutput, withRun, withStage } from '@milepost/core';
import { classifyError as classify } from './classify-error.ts';
import { type PipelineOptions } from './pipeline-options.ts';
import { type CompiledDocument, compileDocument } from './pipeline/compile-document.ts';
import { type Site, type SiteDocument } from './pipeline/deploy-plugins.ts';
import { type Deployment, deploySite } from './pipeline/deploy-site.ts';
import { type ExtractionType, extractFields } from './pipeline/extract-fields.ts';
import { type FetchedPdf, fetchPdf } from './pipeline/fetch-pdf.ts';
import { countEntities } from './pipeline/find-entities.ts';
import { type SourcePdf } from './pipeline/find-pdfs.ts';
import { ocrDocument, type ReadDocument } from './pipeline/ocr-document.ts';
import { openOcrEngine } from './pipeline/ocr-engine.ts';
import { summarizeReadings } from './pipeline/reading-summary.ts';
import { writePageTable } from './pipeline/write-page-table.ts';
import {
  compilationStage,
  deployStage,
  extractionStage,
  fetchStage,
  ocrStage,
  STAGE_NAMES,
} from './stages.ts';

/** What a run made. */
export interface PipelineResult {
  readonly documents: readonly SiteDocument[];
  readonly deployment: Deployment;
}

/** Every document failed, so that there is nothing for the next stage. */
class NoDocumentLeftError extends Error {
  override readonly name = 'NoDocumentLeftError';
  readonly code = 'no_document_left';
}

/**
 * Runs the functions of `pipeline/` as one run, each in its stage. A document that fails in a stage is left out of the
 * next ones.
 *
 * @throws NoDocumentLeftError when all failed, the error of a stage, or the signal's reason.
 */
export function runTracedPipeline(
  sources: readonly SourcePdf[],
  options: PipelineOptions,
): Promise<PipelineResult> {
  const { subdomain, runId, source, signal } = options;
  const named = {
    ...(runId === undefined ? {} : { runId }),
    ...(source === undefined ? {} : { source }),
  };
  return withRun(
    { pipeline: 'documents', subdomain, stages: STAGE_NAMES, signal, classify, ...named },
    async (run) => {
      options.onRun?.(run);
      const fetched = completed('fetch', await fetchAll(sources, options));
      const read = completed('ocr', await ocrAll(fetched, options));
      const { results, databasePath } = await compileAll(read, options);
      const compiled = completed('compilation', results);
      const documents = completed('extraction', await extractAll(compiled, options));
      const deployment = await deploy({ documents, databasePath }, options);
      return { documents, deployment };
    },
  );
}

function fetchAll(sources: readonly SourcePdf[], options: PipelineOptions): Results<FetchedPdf> {
  const { inputDirectory, workDirectory, signal } = options;
  return withStage(fetchStage, { signal, classify }, async (stage) => {
    stage.setConfig({
      scraper_type: 'directory',
      all_years: true,
      all_agendas: true,
      input_directory: inputDirectory,
    });
    const startedAt = performance.now();
    const attributes = (pdf: SourcePdf) => ({ url: pathToFileURL(pdf.path).href });
    const results = await eachItem(
      sources,
      { id: idOf, concurrency: 4, signal, classify, attributes },
      (pdf) => {
        stage.setErrorContext(attributes(pdf));
        return fetchPdf(pdf, workDirectory);
      },
    );
    stage.count('total_pdfs', valuesOf(results).length);
    stage.set('fetch_duration_per_pdf', (performance.now() - startedAt) / 1000 / sources.length);
    return results;
  });
}

function ocrAll(pdfs: readonly FetchedPdf[], options: PipelineOptions): Results<ReadDocument> {
  const { pages, workers, signal, writeResult } = options;
  return withStage(ocrStage, { signal, classify }, async (stage) => {
    stage.setConfig({ backend: 'tesseract', pages_per_document: pages, workers });
    const attributes = ({ url, name: pdf_name }: FetchedPdf) =>
      ({ pdf_path: fileURLToPath(url), pdf_name, backend: 'tesseract' }) as const;
    const engine = await openOcrEngine({ workers });
    try {
      const results = await eachItem(
        pdfs,
        { id: idOf, concurrency: workers, signal, classify, attributes },
        async (pdf) => {
          stage.setErrorContext({ ...attributes(pdf), page_number: 0 });
          const onPage = (page_number: number): void => {
            stage.setErrorContext({ ...attributes(pdf), page_number });
            log.info(`Reading page ${page_number} of ${pdf.name}`, {
              pdf_name: pdf.name,
              page_number,
            });
          };
          const document = await ocrDocument(pdf, engine, { pages, signal, onPage });
          for (const page of document.pages) {
            const name = `page_${String(page.page).padStart(4, '0')}.json`;
            await writeResult(pdf.id, name, JSON.stringify(page));
          }
          return document;
        },
      );
      const summary = summarizeReadings(valuesOf(results));
      stage.count('page_count', summary.pageCount);
      stage.count('ocr_page_count', summary.ocrPageCount);
      stage.set('ocr_duration_per_page', summary.ocrDurationPerPage);
      stage.set('ocr_confidence', summary.ocrConfidence);
      stage.set(
        'pdf_name',
        valuesOf(results).map(({ name }) => name),
      );
      return results;
    } finally {
      await engine.close();
    }
  });
}

function compileAll(
  read: readonly ReadDocument[],
  options: PipelineOptions,
): Promise<{
  readonly results: readonly ItemResult<CompiledText>[];
  readonly databasePath: string;
}> {
  const { cacheDirectory, ignoreCache, extractEntities, signal } = options;
  return withStage(compilationStage, { signal, classify }, async (stage) => {
    const table_name = 'minutes';
    const txt_dir = options.resultsOf(ocrStage.name);
    stage.setConfig({ table_name, extract_entities: extractEntities, ignore_cache: ignoreCache });
    const attributes = ({ pages }: ReadDocument) => ({
      txt_dir,
      table_name,
      page_count: pages.length,
    });
    const results = await eachItem(
      read,
      { id: idOf, signal, classify, attributes },
      async (document) => {
        stage.setErrorContext(attributes(document));
        const compiled = await compileDocument(document, { cacheDirectory, ignoreCache });
        const { path: file } = await options.writeResult(document.id, 'text.txt', compiled.text);
        return { id: document.id, compiled, file };
      },
    );
    const compiled = valuesOf(results).map((text) => text.compiled);
    const directory = path.join(options.databaseDirectory, stage.run.runId);
    const databasePath = await writePageTable(compiled, directory, table_name);
    recordOutput(databasePath);
    stage.count('total_pages', compiled.flatMap(({ pages }) => pages).length);
    stage.count('cache_hits', compiled.filter(({ cached }) => cached).length);
    stage.count('cache_misses', compiled.filter(({ cached }) => !cached).length);
    return { results, databasePath };
  });
}

function extractAll(
  texts: readonly CompiledText[],
  options: PipelineOptions,
): Results<SiteDocument> {
  const { extractEntities, ignoreCache, signal, writeResult } = options;
  return withStage(extractionStage, { signal, classify }, async (stage) => {
    stage.setConfig({ extract_entities: extractEntities, ignore_cache: ignoreCache });
    const attributes = ({ file: page_file }: CompiledText) => ({ page_file });
    const results = await eachItem(
      texts,
      { id: idOf, signal, classify, attributes },
      async (text) => {
        const onType = (extraction_type: ExtractionType): void =>
          stage.setErrorContext({ ...attributes(text), extraction_type });
        const fields = extractFields(text.compiled, { extractEntities, onType });
        await writeResult(text.id, 'fields.json', JSON.stringify(fields));
        return { compiled: text.compiled, fields };
      },
    );
    for (const { compiled: document, fields } of valuesOf(results)) {
      stage.count('total_pages', document.pages.length);
      stage.count('entities_extracted', countEntities(fields.entities));
      stage.count('votes_extracted', fields.votes.length);
    }
    return results;
  });
}

function deploy(site: Site, options: PipelineOptions): Promise<Deployment> {
  const { deployTarget, signal } = options;
  return withStage(deployStage, { signal, classify }, async (stage) => {
    const deploy_target = deployTarget;
    stage.setConfig({ deploy_target, database_path: site.databasePath });
    stage.setErrorContext({ deploy_target });
    const onPlugin = (plugin_name: string): void => stage.setErrorContext({ plugin_name });
    const deployment = await deploySite(site, { target: deployTarget, signal, onPlugin });
    for (const file of deployment.files) recordOutput(path.join(deployment.release, file.path));
    recordOutput(deployment.manifest);
    stage.count('plugin_count', deployment.pluginCount);
    stage.count('files_processed', deployment.files.length);
    stage.set('unchanged', deployment.unchanged);
    return deployment;
  });
}

interface CompiledText {
  readonly id: string;
  readonly compiled: CompiledDocument;
  /** Where the text was kept. */
  readonly file: string;
}

type Results<Value> = Promise<readonly ItemResult<Value>[]>;

function idOf({ id }: { readonly id: string }): string {
  return id;
}

function valuesOf<Value>(results: readonly ItemResult<Value>[]): readonly Value[] {
  return results.flatMap((result) => (result.status === 'completed' ? [result.value] : []));
}

function completed<Value>(stage: string, results: readonly ItemResult<Value>[]): readonly Value[] {
  const values = valuesOf(results);
  if (values.length === 0) {
    throw new NoDocumentLeftError(`No document left after ${stage}: all ${results.length} failed.`);
  }
  return values;
}
