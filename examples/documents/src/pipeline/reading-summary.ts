import { type ReadDocument } from './ocr-document.ts';

/** What reading documents came to. */
export interface ReadingSummary {
  readonly pageCount: number;
  readonly ocrPageCount: number;
  /** In seconds; undefined when no page was recognised. */
  readonly ocrDurationPerPage: number | undefined;
  /** The mean of the pages, 0 to 100; undefined when no page was recognised. */
  readonly ocrConfidence: number | undefined;
}

export function summarizeReadings(documents: readonly ReadDocument[]): ReadingSummary {
  const pages = documents.flatMap((document) => document.pages);
  const readings = pages.flatMap(({ ocr }) => ocr ?? []);
  return {
    pageCount: pages.length,
    ocrPageCount: readings.length,
    ocrDurationPerPage: mean(readings.map(({ durationSeconds }) => durationSeconds)),
    ocrConfidence: mean(readings.map(({ confidence }) => confidence)),
  };
}

function mean(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
