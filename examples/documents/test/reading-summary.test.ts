import { expect, test } from 'vitest';
import { summarizeReadings } from '../src/pipeline/reading-summary.ts';
import { readDocument } from './read-document.ts';

const page = (confidence: number, durationSeconds: number) => ({
  page: 1,
  text: '',
  ocr: { text: '', confidence, durationSeconds },
});

test('means are over the pages that were recognised', () => {
  const documents = [
    readDocument([], { pages: [page(80, 2), { page: 2, text: 'text', ocr: undefined }] }),
    readDocument([], { pages: [page(90, 5)] }),
  ];
  expect(summarizeReadings(documents)).toEqual({
    pageCount: 3,
    ocrPageCount: 2,
    ocrDurationPerPage: 3.5,
    ocrConfidence: 85,
  });
});

test('of nothing recognised there is no mean', () => {
  expect(summarizeReadings([readDocument([{ text: 'text' }])])).toEqual({
    pageCount: 1,
    ocrPageCount: 0,
    ocrDurationPerPage: undefined,
    ocrConfidence: undefined,
  });
});
