import { eachItem, type ItemResult, log, withStage } from '@milepost/core';
import { valuesOf } from './documents-left.ts';
import { keepPages } from './keep-results.ts';
import { type PipelineOptions } from './pipeline-options.ts';
import { type FetchedPdf } from './pipeline/fetch-pdf.ts';
import { ocrDocument, type ReadDocument } from './pipeline/ocr-document.ts';
import { openOcrEngine } from './pipeline/ocr-engine.ts';
import * as fields from './stage-fields.ts';
import { ocrStage } from './stages.ts';

/** What the stage is told besides its documents. */
export interface OcrStageOptions extends Pick<
  PipelineOptions,
  'pages' | 'workers' | 'signal' | 'writeResult'
> {
  /** Waited for before a document is read. */
  readonly onReading?: (pdf: FetchedPdf) => Promise<void>;
  /** Waited for after it: with the document, or without where it failed. */
  readonly onFinished?: (pdf: FetchedPdf, document: ReadDocument | undefined) => Promise<void>;
}

/** Reads documents, in the stage `ocr` of the run around the call, and keeps their pages. */
export function ocrAll(
  pdfs: readonly FetchedPdf[],
  options: OcrStageOptions,
): Promise<readonly ItemResult<ReadDocument>[]> {
  const { pages, workers, signal, writeResult, onReading, onFinished } = options;
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
    const each = { id: ({ id }: FetchedPdf) => id, concurrency: workers, attributes };
    try {
      const results = await eachItem(pdfs, each, async (pdf) => {
        stage.setErrorContext(attributes(pdf));
        await onReading?.(pdf);
        const onPage = (page: number): void => tellPage(pdf, page);
        let finished: ReadDocument | undefined;
        try {
          const document = await ocrDocument(pdf, engine, { pages, signal, onPage });
          await keepPages(document, writeResult);
          finished = document;
          return document;
        } finally {
          await onFinished?.(pdf, finished);
        }
      });
      fields.tellRead(stage, valuesOf(results));
      return results;
    } finally {
      await engine.close();
    }
  });
}
