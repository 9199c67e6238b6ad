import { createCanvas } from '@napi-rs/canvas';
import { describe, expect, test, vi } from 'vitest';
import { compileDocument } from '../src/pipeline/compile-document.ts';
import { ocrDocument } from '../src/pipeline/ocr-document.ts';
import { type OcrEngine, openOcrEngine } from '../src/pipeline/ocr-engine.ts';
import { fetchedSample } from './fetched-sample.ts';
import { temporaryDirectory } from './temporary-directory.ts';

// Real work, on a machine that may have other work.
vi.setConfig({ testTimeout: 120_000 });

// Reading no page must not need Tesseract.
const noEngine: OcrEngine = {
  recognize: () => Promise.reject(new Error('nothing was to be recognised')),
  close: () => Promise.resolve(),
};

const blankImage = () => createCanvas(9, 9).toBuffer('image/png');

describe('the text layer alone', () => {
  test.for([
    { id: '01-valid', pageCount: 14, characters: 82_791 },
    { id: '02-valid', pageCount: 5, characters: 24_257 },
    { id: '04-valid', pageCount: 5, characters: 18_697 },
    { id: '05-versions-space', pageCount: 1, characters: 20 },
  ])('$id: $characters characters on $pageCount pages', async ({ id, pageCount, characters }) => {
    const pdf = await fetchedSample(id);
    const { pages, ...rest } = await ocrDocument(pdf, noEngine, { pages: 0 });
    expect(rest).toMatchObject({ id, name: `${id}.pdf`, sha256: pdf.sha256 });
    expect(pages.map(({ page, ocr }) => ({ page, ocr }))).toEqual(
      Array.from({ length: pageCount }, (_, index) => ({ page: index + 1, ocr: undefined })),
    );
    expect(pages.reduce((sum, { text }) => sum + text.length, 0)).toBe(characters);
  });

  test('what the document calls itself', async () => {
    const { headline, metadataTitle } = await ocrDocument(
      await fetchedSample('04-valid'),
      noEngine,
      {
        pages: 0,
      },
    );
    expect({ headline, metadataTitle }).toEqual({
      headline: 'Acute effect of speed exercise on nitric oxide (NO) level of footballers',
      metadataTitle: 'sag-39-3-4-0902-21:sag-0',
    });
  });

  test('a broken PDF is refused by the reader', async () => {
    const pdf = await fetchedSample('03-invalid');
    await expect(ocrDocument(pdf, noEngine, { pages: 0 })).rejects.toMatchObject({
      name: 'InvalidPDFException',
      message: 'Invalid PDF structure.',
    });
  });
});

test('nothing is printed about the oddities of a PDF', async () => {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const blank: OcrEngine = { ...noEngine, recognize: async () => ({ text: '', confidence: 0 }) };
  // Rendering these warns of a damaged image and of an undefined function of a font.
  await ocrDocument(await fetchedSample('02-valid'), blank, { pages: 1 });
  await ocrDocument(await fetchedSample('05-versions-space'), blank, { pages: 1 });
  expect([...log.mock.calls, ...warn.mock.calls]).toEqual([]);
  vi.restoreAllMocks();
});

test('an abort ends it with the reason of the signal', async () => {
  const pdf = await fetchedSample('05-versions-space');
  const controller = new AbortController();
  const reason = new Error('enough');
  const endless: OcrEngine = {
    ...noEngine,
    recognize: (_image, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        controller.abort(reason);
      }),
  };
  await expect(ocrDocument(pdf, endless, { pages: 1, signal: controller.signal })).rejects.toBe(
    reason,
  );
  await expect(ocrDocument(pdf, noEngine, { pages: 0, signal: controller.signal })).rejects.toBe(
    reason,
  );
});

test('a real page, read by Tesseract as it is printed', async () => {
  const pdf = await fetchedSample('04-valid');
  const engine = await openOcrEngine({ workers: 1 });
  try {
    const onPage = vi.fn<(page: number, lastPage: number) => void>();
    const document = await ocrDocument(pdf, engine, { pages: 1, onPage });
    expect(onPage.mock.calls).toEqual([[1, 1]]);
    expect(document.pages.map(({ ocr }) => ocr !== undefined)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    const reading = document.pages[0]?.ocr;
    expect(reading?.text).toMatch(/Acute effect of speed exercise on nitric oxide/);
    expect(reading?.confidence).toBeGreaterThan(75);

    const cacheDirectory = await temporaryDirectory();
    const { pages } = await compileDocument(document, { cacheDirectory });
    expect(pages[0]?.ocrAgreement).toBeGreaterThan(0.6);

    const [interrupted] = await Promise.allSettled([
      engine.recognize(blankImage()),
      engine.close(),
    ]);
    const closed = { name: 'OcrError', message: 'The OCR engine was closed.' };
    expect(interrupted).toMatchObject({ status: 'rejected', reason: closed });
    await expect(engine.recognize(blankImage())).rejects.toMatchObject(closed);
  } finally {
    await engine.close();
  }
});

test('an image that is none is an error of its own, and the engine goes on', async () => {
  const engine = await openOcrEngine({ workers: 1 });
  try {
    for (const image of [new Uint8Array(64), new Uint8Array(65)]) {
      await expect(engine.recognize(image)).rejects.toMatchObject({
        name: 'OcrError',
        code: 'ocr_failed',
      });
    }
  } finally {
    await engine.close();
  }
});

test('missing language data is a clear error, before a thread is started', async () => {
  const languageDirectory = await temporaryDirectory();
  await expect(openOcrEngine({ languageDirectory })).rejects.toMatchObject({
    name: 'OcrError',
    message: `Expected Tesseract's English data at ${languageDirectory}/eng.traineddata.gz.`,
  });
});
