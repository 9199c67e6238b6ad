import path from 'node:path';
import { eachItem, type ItemResult, log, recordOutput, withRun, withStage } from '@milepost/core';
import { classifyError } from './classify-error.ts';
import { documentsLeft, valuesOf } from './documents-left.ts';
import { type CompiledText, keepFields, keepPages, keepText } from './keep-results.ts';
import { type PipelineOptions } from './pipeline-options.ts';
import { compileDocument } from './pipeline/compile-document.ts';
import { type Site, type SiteDocument } from './pipeline/deploy-plugins.ts';
import { type Deployment, deploySite } from './pipeline/deploy-site.ts';
import { type ExtractionType, extractFields } from './pipeline/extract-fields.ts';
import { type FetchedPdf, fetchPdf } from './pipeline/fetch-pdf.ts';
import { type SourcePdf } from './pipeline/find-pdfs.ts';
import { ocrDocument, type ReadDocument } from './pipeline/ocr-document.ts';
import { openOcrEngine } from './pipeline/ocr-engine.ts';
import { writePageTable } from './pipeline/write-page-table.ts';
import * as fields from './stage-fields.ts';
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

type Results<Value> = Promise<readonly ItemResult<Value>[]>;

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
  const run = {
    pipeline: 'documents',
    subdomain,
    stages: STAGE_NAMES,
    signal,
    classify: classifyError,
    ...(runId === undefined ? {} : { runId }),
    ...(source === undefined ? {} : { source }),
  };
  return withRun(run, async (identity) => {
    options.onRun?.(identity);
    const fetched = documentsLeft('fetch', await fetchAll(sources, options));
    const read = documentsLeft('ocr', await ocrAll(fetched, options));
    const { results, databasePath } = await compileAll(read, options);
    const compiled = documentsLeft('compilation', results);
    const documents = documentsLeft('extraction', await extractAll(compiled, options));
    const deployment = await deploy({ documents, databasePath }, options);
    return { documents, deployment };
  });
}

function fetchAll(sources: readonly SourcePdf[], options: PipelineOptions): Results<FetchedPdf> {
  return withStage(fetchStage, async (stage) => {
    stage.setConfig(fields.fetchConfig(options));
    const startedAt = performance.now();
    const attributes = fields.fetchErrorFields;
    const results = await eachItem(sources, { id: idOf, concurrency: 4, attributes }, (pdf) => {
      stage.setErrorContext(attributes(pdf));
      return fetchPdf(pdf, options.workDirectory);
    });
    const seconds = (performance.now() - startedAt) / 1000;
    fields.tellFetched(stage, valuesOf(results), seconds / sources.length);
    return results;
  });
}

function ocrAll(pdfs: readonly FetchedPdf[], options: PipelineOptions): Results<ReadDocument> {
  const { pages, workers, signal, writeResult } = options;
  return withStage(ocrStage, async (stage) => {
    stage.setConfig(fields.ocrConfig(options));
    const engine = await openOcrEngine({ workers });
    const pageOf = new Map<string, number>();
    const attributes = (pdf: FetchedPdf) => fields.ocrErrorFields(pdf, pageOf.get(pdf.id) ?? 0);
    const tellPage = (pdf: FetchedPdf, page_number: number): void => {
      pageOf.set(pdf.id, page_number);
      stage.setErrorContext(attributes(pdf));
      const { name: pdf_name } = pdf;
      log.info(`Reading page ${page_number} of ${pdf_name}`, { pdf_name, page_number });
    };
    const each = { id: idOf, concurrency: workers, attributes };
    try {
      const results = await eachItem(pdfs, each, async (pdf) => {
        stage.setErrorContext(attributes(pdf));
        const onPage = (page: number): void => tellPage(pdf, page);
        const document = await ocrDocument(pdf, engine, { pages, signal, onPage });
        await keepPages(document, writeResult);
        return document;
      });
      fields.tellRead(stage, valuesOf(results));
      return results;
    } finally {
      await engine.close();
    }
  });
}

function compileAll(
  read: readonly ReadDocument[],
  options: PipelineOptions,
): Promise<{ results: readonly ItemResult<CompiledText>[]; databasePath: string }> {
  const { databaseDirectory, writeResult } = options;
  return withStage(compilationStage, async (stage) => {
    stage.setConfig(fields.compilationConfig(options));
    const attributes = (document: ReadDocument) => fields.compilationErrorFields(document, options);
    const results = await eachItem(read, { id: idOf, attributes }, async (document) => {
      stage.setErrorContext(attributes(document));
      return keepText(await compileDocument(document, options), writeResult);
    });
    const compiled = valuesOf(results).map((text) => text.compiled);
    const directory = path.join(databaseDirectory, stage.run.runId);
    const databasePath = await writePageTable(compiled, directory, fields.TABLE_NAME);
    recordOutput(databasePath);
    fields.tellCompiled(stage, compiled);
    return { results, databasePath };
  });
}

function extractAll(
  texts: readonly CompiledText[],
  options: PipelineOptions,
): Results<SiteDocument> {
  const { extractEntities, writeResult } = options;
  return withStage(extractionStage, async (stage) => {
    stage.setConfig(fields.extractionConfig(options));
    const typeOf = new Map<string, ExtractionType>();
    const attributes = (text: CompiledText) =>
      fields.extractionErrorFields(text, typeOf.get(text.id));
    const results = await eachItem(texts, { id: idOf, attributes }, async (text) => {
      const onType = (type: ExtractionType): void => {
        typeOf.set(text.id, type);
        stage.setErrorContext(attributes(text));
      };
      const extracted = extractFields(text.compiled, { extractEntities, onType });
      await keepFields(extracted, writeResult);
      return { compiled: text.compiled, fields: extracted };
    });
    fields.tellExtracted(stage, valuesOf(results));
    return results;
  });
}

function deploy(site: Site, options: PipelineOptions): Promise<Deployment> {
  const { deployTarget: target, signal } = options;
  return withStage(deployStage, async (stage) => {
    stage.setConfig(fields.deployConfig(options, site.databasePath));
    stage.setErrorContext({ deploy_target: target });
    const onPlugin = (plugin_name: string): void => stage.setErrorContext({ plugin_name });
    const deployment = await deploySite(site, { target, signal, onPlugin });
    fields.tellDeployed(stage, deployment);
    return deployment;
  });
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}
