// One process of a run that many share: `node run-process.mjs <role> <JSON>` does its part, and prints what the next ones need.
import {
  beginRun,
  beginStage,
  createJob,
  endRun,
  endStage,
  log,
  withItem,
  withJob,
  withStage,
} from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';

const [role = '', input = 'null'] = process.argv.slice(2);
const given = JSON.parse(input);
const root = process.env['REGISTRY_ROOT'];
const registry = root === undefined ? undefined : openRegistry({ root });
const telemetry = await startTelemetry({
  serviceName: 'civic',
  // A busy machine may need longer than the second that a program's end takes.
  timeoutMs: 20_000,
  ...(registry && { registry }),
});

const roles = {
  /** Enqueues the fetch job and works on it: it spreads the stage `ocr` over a job per page. */
  async begin({ runId, pages }) {
    const run = beginRun({
      pipeline: 'minutes',
      subdomain: 'alameda',
      runId,
      attributes: { trigger: 'cron' },
    });
    const job = createJob({ run, name: 'fetch_site_job', stage: 'fetch' });
    const jobs = await withJob(job, { queue: 'civic', jobId: 'fetch-1' }, () =>
      withStage('fetch', async () => {
        const ocr = beginStage('ocr', { expected: pages });
        return Array.from({ length: pages }, () => createJob({ name: 'ocr_page_job', stage: ocr }));
      }),
    );
    return { run, jobs };
  },
  /** Works on one page. */
  async work({ job, jobId }) {
    await withJob(job, { queue: 'civic', jobId }, async ({ count }) => {
      count('total_pages', 2);
      await withItem(`${jobId}.pdf`, async () => log.info('read'));
    });
    return null;
  },
  /** The coordinator ends the stage, and the last job the run. */
  async end({ run, job }) {
    const coordinator = createJob({
      run,
      name: 'ocr_complete_coordinator',
      stage: job.stage,
      parentJobId: 'fetch-1',
    });
    await withJob(coordinator, { queue: 'civic', jobId: 'coordinator-1' }, async () =>
      endStage(coordinator.stage, { status: 'completed' }),
    );
    const deploy = createJob({ run, name: 'deploy_job', parentJobId: 'coordinator-1' });
    await withJob(deploy, { queue: 'civic', jobId: 'deploy-1' }, async () => {
      await withStage('deploy', async () => undefined);
      endRun();
    });
    return null;
  },
};

process.stdout.write(`${JSON.stringify(await roles[role](given))}\n`);
await telemetry.shutdown();
await registry?.close();
