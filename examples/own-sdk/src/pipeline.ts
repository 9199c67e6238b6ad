import { SeverityNumber, logs, trace } from '@opentelemetry/api';
import { eachItem, withRun, withStage } from '@milepost/core';

const PAGES = ['agenda.html', 'minutes.html', 'missing.html'];

/** A pipeline, and a library in it that knows OpenTelemetry but nothing of Milepost. */
export async function runPipeline(runId: string): Promise<void> {
  await withRun({ pipeline: 'minutes', subdomain: 'alameda', runId }, async () => {
    await withStage('fetch', () => eachItem(PAGES, { id: (page) => page }, fetchPage));
    await withStage('deploy', async (stage) => stage.count('pages', 2));
  });
}

async function fetchPage(page: string): Promise<void> {
  await trace.getTracer('some-library').startActiveSpan(`GET ${page}`, async (span) => {
    logs
      .getLogger('some-library')
      .emit({ body: `reading ${page}`, severityNumber: SeverityNumber.INFO });
    span.end();
  });
  if (page === 'missing.html') throw new Error(`no such page: ${page}`);
}
