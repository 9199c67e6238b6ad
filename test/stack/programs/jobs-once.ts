import {
  beginRun,
  beginStage,
  createJob,
  endRun,
  endStage,
  withJob,
  withStage,
} from '@milepost/core';
import { startTelemetry } from '@milepost/node';

// A run over jobs, as a queue would run them one after the other: a job that fetches, three that read a page each, of which one
// fails, and one that ends stage and run.
await startTelemetry({ serviceName: 'nightly' });

const run = beginRun({ pipeline: 'civic', subdomain: 'boston' });
const fetchJob = createJob({ run, name: 'fetch_site_job', stage: 'fetch' });
const [ocr, pages] = await withJob(fetchJob, { queue: 'sites', jobId: 'fetch-1', attempt: 1 }, () =>
  withStage('fetch', async (stage) => {
    stage.count('total_pdfs', 3);
    const spread = beginStage('ocr', { expected: 3 });
    return [
      spread,
      [1, 2, 3].map(() => createJob({ name: 'ocr_page_job', stage: spread })),
    ] as const;
  }),
);
for (const [index, page] of pages.entries()) {
  await withJob(page, { queue: 'pages', jobId: `ocr-${index}`, attempt: 1 }, async () => {
    if (index === 2) throw Object.assign(new Error('no text'), { code: 'ENOTEXT' });
  }).catch(() => undefined);
}
await withJob(
  createJob({ run, name: 'deploy_job', stage: 'deploy' }),
  { queue: 'sites', jobId: 'deploy-1', attempt: 1 },
  async () => {
    endStage(ocr, { status: 'partial' });
    await withStage('deploy', async () => undefined);
    endRun();
  },
);
