import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { type ExportLedger } from './export-ledger.ts';

/** What exporters of spans and of log records have in common. */
interface RecordExporter<T> {
  export(records: T[], resultCallback: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Hands everything on to an exporter of spans or log records and enters the outcome in a ledger. */
export class TrackedExporter<T> implements RecordExporter<T> {
  readonly #exporter: RecordExporter<T>;
  readonly #ledger: ExportLedger;

  constructor(exporter: RecordExporter<T>, ledger: ExportLedger) {
    this.#exporter = exporter;
    this.#ledger = ledger;
  }

  export(records: T[], resultCallback: (result: ExportResult) => void): void {
    trackExport(this.#ledger, records.length, resultCallback, (callback) => {
      this.#exporter.export(records, callback);
    });
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    await this.#exporter.shutdown();
  }
}

/** Runs one export and enters its outcome in the ledger, also where the exporter throws instead of answering. */
export function trackExport(
  ledger: ExportLedger,
  records: number,
  resultCallback: (result: ExportResult) => void,
  run: (callback: (result: ExportResult) => void) => void,
): void {
  if (ledger.closed && ledger.supersedes) {
    resultCallback({ code: ExportResultCode.SUCCESS });
    return;
  }
  const end = ledger.begin(records);
  const finish = (result: ExportResult): void => {
    end(result.code === ExportResultCode.SUCCESS ? undefined : { error: result.error });
    resultCallback(result);
  };
  if (ledger.closed) {
    finish({ code: ExportResultCode.FAILED, error: new Error('telemetry has been shut down') });
    return;
  }
  try {
    run(finish);
  } catch (error) {
    finish({
      code: ExportResultCode.FAILED,
      error: error instanceof Error ? error : new Error(String(error)),
    });
  }
}
