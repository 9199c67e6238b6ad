import path from 'node:path';
import { type Order } from './job-data.ts';

/** Where the files of a run lie. */
export interface RunFiles {
  readonly pdfDirectory: string;
  readonly txtDirectory: string;
  readonly databasePath: string;
  readonly extractionPath: string;
}

export function runFiles({ directory }: Pick<Order, 'directory'>): RunFiles {
  return {
    pdfDirectory: path.join(directory, 'pdf'),
    txtDirectory: path.join(directory, 'txt'),
    databasePath: path.join(directory, 'meetings.sqlite'),
    extractionPath: path.join(directory, 'extraction.jsonl'),
  };
}
