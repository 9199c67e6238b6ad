import { type SandboxedJob } from 'bullmq';
import { currentRun, log } from '@milepost/core';
import { asJob } from '@milepost/queue';
import { recordTo } from './recording-sdk.ts';

const { RECORD_TO = '' } = process.env;
recordTo(RECORD_TO);

/** A processor in a file of its own, as BullMQ runs it in a process or a thread. */
async function readPage(job: SandboxedJob<{ page: number }, string | undefined>): Promise<unknown> {
  log.info('reading');
  await job.updateProgress(50);
  if (job.data.page === 2) throw new TypeError('no page 2');
  if (job.data.page === 9) process.kill(process.pid, 'SIGKILL');
  return { runId: currentRun()?.runId, data: job.data };
}

// oxlint-disable-next-line import/no-default-export -- BullMQ asks for one
export default asJob(readPage);
