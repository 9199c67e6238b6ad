import { UNNAMED } from './bounded-name.ts';
import { type RunIdentity } from './identity.ts';
import { type Stage } from './stage.ts';

/** What the work of a run gets that could not even begin. */
export const UNRECORDED_RUN: RunIdentity = {
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
