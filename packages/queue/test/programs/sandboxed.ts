import { appendFileSync } from 'node:fs';
import { DelayedError, type SandboxedJob, UnrecoverableError } from 'bullmq';
import { currentRun, log } from '@milepost/core';
import { subscribeLifecycle } from '@milepost/core/hooks';
import { asJob } from '@milepost/queue';
import { recordTo } from './recording-sdk.ts';

const { RECORD_TO = '' } = process.env;
recordTo(RECORD_TO);
subscribeLifecycle({
  onEvent(event) {
    if (event.type !== 'job_ended') return;
    const name = `${event.status}${event.willRetry ? ', to be tried again' : ''}`;
    const outcome = { pid: process.pid, signal: 'outcome', name, attributes: {} };
    appendFileSync(RECORD_TO, `${JSON.stringify(outcome)}\n`);
  },
});

class BadPdf extends UnrecoverableError {}

/** A processor in a file of its own, as BullMQ runs it in a process or a thread. */
async function readPage(
  job: SandboxedJob<{ page: number }, string | undefined>,
  token?: string,
): Promise<unknown> {
  log.info('reading');
  await job.updateProgress(50);
  if (job.data.page === 2) throw new TypeError('no page 2');
  if (job.data.page === 3) throw new UnrecoverableError('no page 3');
  if (job.data.page === 4) throw new BadPdf('no page 4');
  if (job.data.page === 5 && job.attemptsStarted === 1) {
    await job.moveToDelayed(Date.now() + 20, token);
    throw new DelayedError();
  }
  if (job.data.page === 9) process.kill(process.pid, 'SIGKILL');
  return { runId: currentRun()?.runId, data: job.data };
}

// oxlint-disable-next-line import/no-default-export -- BullMQ asks for one
export default asJob(readPage);
