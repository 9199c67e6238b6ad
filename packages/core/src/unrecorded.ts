import { UNNAMED } from './bounded-name.ts';
import { type RunIdentity } from './identity.ts';
import { type Job } from './job.ts';
import { type StandIn } from './run-in-execution.ts';
import { type Stage } from './stage.ts';

/** What the work of a run gets that could not even begin. */
const UNRECORDED_RUN: RunIdentity = {
  runId: '',
  traceId: '',
  attempt: 1,
  pipeline: UNNAMED,
  subdomain: undefined,
  clientId: undefined,
  parentRunId: undefined,
  implicit: true,
  joined: false,
  stages: [],
  source: undefined,
  startTime: 0,
};

/** What stands in for a run that could not even begin. */
export const NO_RUN: StandIn<RunIdentity> = {
  what: 'the start of a run',
  unrecorded: UNRECORDED_RUN,
};

const nothing = (): void => undefined;

/** What the work of a stage gets that could not even begin. */
export const UNRECORDED_STAGE: Stage = {
  run: UNRECORDED_RUN,
  name: UNNAMED,
  occurrence: 1,
  attempt: 1,
  count: nothing,
  set: nothing,
  setConfig: nothing,
  setMetadata: nothing,
  setErrorContext: nothing,
  skip: nothing,
};

/** What the work of a job gets that could not even begin. */
export const UNRECORDED_JOB: Job = {
  run: UNRECORDED_RUN,
  jobId: '',
  parentJobId: undefined,
  name: UNNAMED,
  queue: '',
  attempt: 1,
  count: nothing,
  set: nothing,
  setErrorContext: nothing,
  skip: nothing,
};
