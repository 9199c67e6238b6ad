import path from 'node:path';
import { eachItem, type ItemResult, recordOutput, withRun, withStage } from '@milepost/core';
import { classifyError } from './classify-error.ts';
import { assertDocumentsLeft, documentsLeft, valuesOf } from './documents-left.ts';
import { type CompiledText, keepFields, keepText } from './keep-results.ts';
import { ocrAll } from './ocr-stage.ts';
import { type PipelineOptions } from './pipeline-options.ts';
import { compileDocument } from './pipeline/compile-document.ts';
import { type Site, type SiteDocument } from './pipeline/deploy-plugins.ts';
import { type Deployment, deploySite } from './pipeline/deploy-site.ts';
import { type ExtractionType, extractFields } from './pipeline/extract-fields.ts';
import { type FetchedPdf, fetchPdf } from './pipeline/fetch-pdf.ts';
import { type SourcePdf } from './pipeline/find-pdfs.ts';
import { type ReadDocument } from './pipeline/ocr-document.ts';
import { writePageTable } from './pipeline/write-page-table.ts';
import { type LostDocument, type ReadByProcesses, WorkerLostError } from './read-by-processes.ts';
import * as fields from './stage-fields.ts';
import {
  compilationStage,
  deployStage,
  extractionStage,
  fetchStage,
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
    const read = await readAll(fetched, options);
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

/** Reads documents in this process, or by others. */
async function readAll(
  pdfs: readonly FetchedPdf[],
  options: PipelineOptions,
): Promise<ReadByProcesses> {
  const { readByOthers } = options;
  if (readByOthers === undefined) {
    return { documents: documentsLeft('ocr', await ocrAll(pdfs, options)), lost: [] };
  }
  const read = await readByOthers(pdfs);
  assertDocumentsLeft('ocr', read.documents.length, pdfs.length);
  return read;
}

function compileAll(
  { documents, lost }: ReadByProcesses,
  options: PipelineOptions,
): Promise<{ results: readonly ItemResult<CompiledText>[]; databasePath: string }> {
  const { databaseDirectory, writeResult } = options;
  return withStage(compilationStage, async (stage) => {
    stage.setConfig(fields.compilationConfig(options));
    const attributes = (document: ReadDocument | LostDocument) =>
      fields.compilationErrorFields('pages' in document ? document.pages.length : 0, options);
    const all = [...documents, ...lost];
    const results = await eachItem(all, { id: idOf, attributes }, async (document) => {
      stage.setErrorContext(attributes(document));
      if ('worker' in document) throw new WorkerLostError(document);
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
