import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createScheduler, createWorker, OEM, type Worker } from 'tesseract.js';
import { abortable } from './abortable.ts';

/** What was read on an image. */
export interface RecognizedText {
  readonly text: string;
  /** Tesseract's own mean over the words, 0 to 100. */
  readonly confidence: number;
}

/** Tesseract in worker threads. Close it: the threads keep the process alive. */
export interface OcrEngine {
  /** The image is a PNG. An abort rejects at once with the signal's reason; the thread finishes its page. */
  recognize(image: Uint8Array, signal?: AbortSignal): Promise<RecognizedText>;
  /** Ends the threads; what they were reading rejects. */
  close(): Promise<void>;
}

export interface OcrEngineOptions {
  /** Threads, each reading one page at a time with about 100 MB of memory. Default: 2. */
  readonly workers?: number;
  /** Holds `eng.traineddata.gz`. Default: that of the package `@tesseract.js-data/eng`. */
  readonly languageDirectory?: string;
}

/** Tesseract could not start, or could not read an image. */
class OcrError extends Error {
  override readonly name = 'OcrError';
  readonly code = 'ocr_failed';
}

/**
 * Starts Tesseract for English, with everything from installed packages: no network, no cache on disk.
 *
 * @throws OcrError when the language data is missing or does not load.
 */
export async function openOcrEngine(options: OcrEngineOptions = {}): Promise<OcrEngine> {
  const { workers = 2, languageDirectory = englishDirectory() } = options;
  await assertLanguageData(languageDirectory);
  const scheduler = createScheduler();
  const started = await Promise.allSettled(
    Array.from({ length: workers }, () => startWorker(languageDirectory)),
  );
  for (const outcome of started) {
    if (outcome.status === 'fulfilled') scheduler.addWorker(outcome.value);
  }
  const failure = started.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    await scheduler.terminate();
    throw failure.reason;
  }

  const closing = new AbortController();
  return {
    async recognize(image, signal = closing.signal) {
      closing.signal.throwIfAborted();
      signal.throwIfAborted();
      const job = scheduler.addJob('recognize', Buffer.from(image)).catch((reason: unknown) => {
        throw ocrError('Tesseract could not read the image', reason);
      });
      const { data } = await abortable(job, AbortSignal.any([closing.signal, signal]));
      return { text: data.text, confidence: data.confidence };
    },
    async close() {
      closing.abort(new OcrError('The OCR engine was closed.'));
      // A page just begun is not with its thread yet, and Tesseract.js would send it to one that is gone.
      await setImmediate();
      await scheduler.terminate();
    },
  };
}

function englishDirectory(): string {
  const { resolve } = createRequire(import.meta.url);
  return path.join(path.dirname(resolve('@tesseract.js-data/eng/package.json')), '4.0.0_best_int');
}

// Tesseract.js would leave a thread behind that nothing can end.
async function assertLanguageData(directory: string): Promise<void> {
  const file = path.join(directory, 'eng.traineddata.gz');
  try {
    await access(file);
  } catch (cause) {
    throw new OcrError(`Expected Tesseract's English data at ${file}.`, { cause });
  }
}

// The promise of `createWorker` never settles when the language does not load: only `errorHandler` hears of
// it. Without an `errorHandler` a page that cannot be read ends the process.
function startWorker(languageDirectory: string): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const fail = (reason: unknown): void => {
      reject(ocrError('Tesseract did not start', reason));
    };
    createWorker('eng', OEM.LSTM_ONLY, {
      langPath: languageDirectory,
      gzip: true,
      cacheMethod: 'none',
      errorHandler: fail,
    }).then(resolve, fail);
  });
}

function ocrError(message: string, reason: unknown): OcrError {
  return new OcrError(`${message}: ${String(reason)}`, { cause: reason });
}
