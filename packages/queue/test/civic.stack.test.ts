import { expect, test } from 'vitest';
import {
  type StageEnvelope,
  beginRun,
  beginStage,
  createJob,
  endRun,
  endStage,
  log,
  withStage,
} from '@milepost/core';
import { jobOptions } from '@milepost/queue';
import { spanTree, useDiag, useSdk } from '../../core/test/telemetry-harness.ts';
import { useBull } from './bull.ts';
import { jobLines } from './job-signals.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();
const said = useDiag();

interface Page {
  readonly pdf: string;
  readonly ocr: StageEnvelope;
}

// The pipeline of a town: a job fetches its PDFs, one job reads each page, a coordinator ends the reading, the last job the run.
test('a run goes from its first job to its last, over four queues', async () => {
  const { bull } = queues;
  const fetching = bull.queue('fetch', {}, { stage: 'fetch' });
  const pages = bull.queue<Page>('ocr');
  const coordinators = bull.queue<StageEnvelope>('coordinate', {}, { stage: 'ocr' });
  const deploying = bull.queue('deploy', {}, { stage: 'deploy' });

  bull.worker('fetch', async () => {
    const pdfs = await withStage('fetch', async (stage) => {
      stage.count('total_pdfs', 3);
      return ['a.pdf', 'b.pdf', 'c.pdf'];
    });
    const ocr = beginStage('ocr', { expected: pdfs.length });
    const job = createJob({ name: 'ocr_page_job', stage: ocr });
    for (const pdf of pdfs) {
      await pages.add('ocr_page_job', { pdf, ocr }, jobOptions(job, { attempts: 2 }));
    }
  });
  let read = 0;
  bull.worker<Page>('ocr', async ({ data, attemptsStarted }) => {
    log.info('reading', { pdf_path: data.pdf });
    if (data.pdf === 'b.pdf' && attemptsStarted === 1) throw new TypeError('not yet');
    read += 1;
    if (read === 3) await coordinators.add('ocr_complete_coordinator', data.ocr);
  });
  bull.worker<StageEnvelope>('coordinate', async ({ data }) => {
    endStage(data, { status: 'completed' });
    await deploying.add('deploy_job', {});
  });
  const deployed = times(
    bull.worker('deploy', async () => {
      await withStage('deploy', async () => undefined);
      endRun();
    }),
    'completed',
    1,
  );

  const run = beginRun({
    pipeline: 'minutes',
    subdomain: 'alameda',
    runId: 'alameda_1737072000_abc123',
  });
  await fetching.add(
    'fetch_site_job',
    {},
    jobOptions(createJob({ run, name: 'fetch_site_job', stage: 'fetch' })),
  );
  await deployed;

  expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
    "
    minutes (run) status="completed" subdomain="alameda"
      fetch_site_job (job) job.id="1" job.name="fetch_site_job" queue="fetch" status="completed" subdomain="alameda"
        fetch (stage) job.id="1" job.name="fetch_site_job" queue="fetch" status="completed" subdomain="alameda" total_pdfs=3
      ocr (stage) status="completed" subdomain="alameda"
        ocr_page_job (job) job.id="1" job.name="ocr_page_job" parent_job.id="1" queue="ocr" status="completed" subdomain="alameda"
        ocr_page_job (job) error.type="TypeError" job.id="2" job.name="ocr_page_job" parent_job.id="1" queue="ocr" status="failed" subdomain="alameda" ERROR(not yet)
        ocr_page_job (job) job.id="3" job.name="ocr_page_job" parent_job.id="1" queue="ocr" status="completed" subdomain="alameda"
        ocr_page_job (job) job.id="2" job.name="ocr_page_job" parent_job.id="1" queue="ocr" status="completed" subdomain="alameda" attempt=2
          ocr_complete_coordinator (job) job.id="1" job.name="ocr_complete_coordinator" parent_job.id="2" queue="coordinate" status="completed" subdomain="alameda"
            deploy_job (job) job.id="1" job.name="deploy_job" parent_job.id="1" queue="deploy" status="completed" subdomain="alameda"
              deploy (stage) job.id="1" job.name="deploy_job" parent_job.id="1" queue="deploy" status="completed" subdomain="alameda"
    "
  `);
  const lines = jobLines(telemetry.sdk, 'run.id', 'subdomain', 'stage', 'job.id', 'level');
  expect(lines.filter((line) => line.includes(undefined))).toEqual([]);
  expect(new Set(lines.map(([, ...rest]) => rest.slice(0, 2).join()))).toEqual(
    new Set(['alameda_1737072000_abc123,alameda']),
  );
  const parents = new Set(
    jobLines(telemetry.sdk, 'queue', 'parent_job.id')
      .filter(([body]) => String(body).startsWith('Started'))
      .map(([, queue, parent]) => `${String(queue)} < ${String(parent)}`),
  );
  expect(parents).toEqual(
    new Set(['fetch < undefined', 'ocr < 1', 'coordinate < 2', 'deploy < 1']),
  );
  const { 'pipeline.jobs': jobs, 'pipeline.runs': runs } = await telemetry.sdk.metricsOf('minutes');
  expect(jobs?.points).toMatchObject({
    'job.name=ocr_page_job queue=ocr stage=ocr status=completed subdomain=alameda': 3,
    'job.name=ocr_page_job queue=ocr stage=ocr status=failed subdomain=alameda': 0,
  });
  expect(runs?.points).toMatchObject({ 'status=completed subdomain=alameda': 1 });
  expect(said.messages).toEqual([]);
});
