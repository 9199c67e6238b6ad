import { type Processor, Worker, type WorkerOptions } from 'bullmq';
import { asJob, watchWorker } from '@milepost/queue';
import { type FetchSiteData, type JobData, type OcrData } from './job-data.ts';
import { dbCompilationJob } from './jobs/db-compilation-job.ts';
import { deployJob } from './jobs/deploy-job.ts';
import { extractionJob } from './jobs/extraction-job.ts';
import { fetchSiteJob } from './jobs/fetch-site-job.ts';
import { ocrCompleteCoordinator } from './jobs/ocr-complete-coordinator.ts';
import { ocrPageJob, pageIsDone } from './jobs/ocr-page-job.ts';
import { ocrStage } from './stages.ts';
import { type WorkerTools } from './worker-tools.ts';

/** Workers of BullMQ. */
export interface Workers {
  /** Lets each finish its job. */
  close(): Promise<void>;
}

/** Starts a worker for each queue in this process, and resolves when they take jobs. */
export async function startWorkers(tools: WorkerTools, options: WorkerOptions): Promise<Workers> {
  const start = <Data>(name: string, processor: Processor<Data, void>): Worker<Data, void> =>
    watchWorker(
      new Worker<Data, void>(name, asJob(processor, { definition: declaredOf }), options),
      { failureEnds: (jobName) => (jobName === 'ocr_page_job' ? undefined : 'run') },
    );
  const ocr = start<OcrData>('ocr', (job) =>
    job.name === 'ocr_page_job' ? ocrPageJob(job, tools) : ocrCompleteCoordinator(job, tools),
  );
  // A page that fails for good counts itself in its last try; where its workers were lost too often for that, it is counted here.
  ocr.on('failed', (job) => {
    if (job?.finishedOn !== undefined) pageIsDone(job, tools).catch(report);
  });
  const workers = [
    start<FetchSiteData>('fetch', (job) => fetchSiteJob(job, tools)),
    ocr,
    start<JobData>('compilation', (job) => dbCompilationJob(job, tools)),
    start<JobData>('extraction', (job) => extractionJob(job, tools)),
    start<JobData>('deploy', deployJob),
  ];
  for (const worker of workers) worker.on('error', report);
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return {
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

/** Of the stages, one is spread over jobs: those of the pages say what it declares. */
function declaredOf(jobName: string): typeof ocrStage | undefined {
  return jobName === 'ocr_page_job' ? ocrStage : undefined;
}

function report(error: unknown): void {
  process.stderr.write(`worker ${process.pid}: ${String(error)}\n`);
}
