import { withRun } from '@milepost/core';
import { openRegistry } from '@milepost/registry';
import { classifyError } from './classify-error.ts';
import { ocrAll } from './ocr-stage.ts';
import { type FetchedPdf } from './pipeline/fetch-pdf.ts';
import { type ReadDocument } from './pipeline/ocr-document.ts';
import { createProgress } from './progress.ts';
import { startDemoTelemetry } from './start-demo-telemetry.ts';
import { parseTask, type WorkerNews, type WorkerTask } from './worker-messages.ts';

// A worker process of the demo: it joins the run of its parent, and reads some of its documents.

const told = Promise.withResolvers<unknown>();
process.once('message', told.resolve);
const task = parseTask(await told.promise);
const registry = openRegistry({ root: task.root, itemsKey: 'citekeys' });
const { telemetry } = await startDemoTelemetry({
  serviceName: 'documents',
  registry,
  logRecordProcessors: [createProgress(process.stderr)],
});
try {
  // The parent's environment says which run this is.
  await withRun({ pipeline: 'documents', subdomain: task.subdomain, classify: classifyError }, () =>
    ocrAll(task.pdfs, optionsOf(task)),
  );
  await tell({ kind: 'done' });
} finally {
  await telemetry.shutdown();
  await registry.close();
  process.disconnect();
}

function optionsOf({ pages, workers, waitsAt }: WorkerTask) {
  return {
    pages,
    workers,
    signal: new AbortController().signal,
    writeResult: (id: string, name: string, data: string) => registry.writeResult(id, name, data),
    onFinished: (pdf: FetchedPdf, document: ReadDocument | undefined) =>
      tell({ kind: 'finished', id: pdf.id, document }),
    onReading: async ({ id }: FetchedPdf) => {
      // Whoever is to be killed there has on disk what it did before, as after the seconds that a page takes.
      if (id === waitsAt) await registry.flush();
      await tell({ kind: 'reading', id });
      // It does not get past it, however slow the signal.
      if (id === waitsAt) await new Promise<never>(() => undefined);
    },
  };
}

function tell(news: WorkerNews): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(news, undefined, undefined, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
