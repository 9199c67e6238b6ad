import path from 'node:path';
import { beginRun, createJob, type RunEnvelope } from '@milepost/core';
import { jobOptions } from '@milepost/queue';
import { type Order } from './job-data.ts';
import { optionsOf, type Queues } from './queues.ts';
import { STAGE_NAMES } from './stages.ts';

/** What a run is asked to do, before it has an ID. */
export interface Request extends Omit<Order, 'key' | 'directory'> {
  readonly subdomain: string;
  /** Undefined for a new one. */
  readonly runId: string | undefined;
  /** Gets a directory for each run. Absolute. */
  readonly runsDirectory: string;
}

/** Begins a run, and enqueues its first job: the rest follows from it, in whatever workers there are. */
export async function enqueueJob(request: Request, queues: Queues): Promise<RunEnvelope> {
  const { subdomain, runId, runsDirectory, ...given } = request;
  const run = beginRun({
    pipeline: 'minutes',
    subdomain,
    stages: STAGE_NAMES,
    ...(runId !== undefined && { runId }),
  });
  const key = `${run.run.id}.${run.run.attempt}`;
  const order = { ...given, key, directory: path.join(runsDirectory, key) };
  const name = 'fetch_site_job';
  await queues.fetch.add(
    name,
    { order },
    jobOptions(createJob({ run, name, stage: 'fetch' }), optionsOf(order, 'fetch')),
  );
  return run;
}
