import { type OcrEngine } from '@milepost/example-documents/ocr-engine';
import { type DoneParts } from './done-parts.ts';
import { type OcrData } from './job-data.ts';
import { type Queues } from './queues.ts';

/** What the jobs of a worker process work with. */
export interface WorkerTools {
  readonly queues: Queues;
  readonly done: DoneParts;
  /** Tesseract, started when it is first asked for. */
  ocrEngine(): Promise<OcrEngine>;
  /** Called when a page is about to be read. */
  onPage?(data: OcrData): Promise<void>;
}
