import { beginRun, createJob, endRun, withJob, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';

// A day of a busy pipeline: `node many-runs.ts runs jobs run-id`. So many runs with a stage, three that nobody ends, and one of so many jobs.
const [runs = '1', jobs = '1', runId = ''] = process.argv.slice(2);
const AT_ONCE = 100;

const telemetry = await startTelemetry({ serviceName: 'busy' });
// Lets what was told go out: much of it at once would wait on disk.
const breathe = async (index: number): Promise<void> => {
  if (index % AT_ONCE === 0) await telemetry.flush();
};
for (let index = 0; index < Number(runs); index += 1) {
  await withRun({ pipeline: 'busy' }, () => withStage('fetch', async () => undefined));
  await breathe(index);
}
for (let index = 0; index < 3; index += 1) beginRun({ pipeline: 'busy' });
const run = beginRun({ pipeline: 'busy', runId });
for (let index = 0; index < Number(jobs); index += 1) {
  const job = createJob({ run, name: 'page_job', stage: 'ocr' });
  await withJob(job, { queue: 'pages', jobId: `page-${index}`, attempt: 1 }, async () => index);
  await breathe(index);
}
withJob(createJob({ run, name: 'end_job' }), { queue: 'pages', jobId: 'end', attempt: 1 }, () =>
  endRun(),
);
