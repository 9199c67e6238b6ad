import { type JobSummary, type JobTry } from '@milepost/registry';
import { recordedErrorText } from './error-text.ts';
import { terminalText } from './terminal-text.ts';

/** Characters of the error of one try among many. */
const MAX_ERROR = 200;
/** Tries of one job that are told; of more, the last ones. */
const MAX_TRIES = 3;

/** Where a job was: `ocr:17`, its queue and its ID there. */
export function jobPlaceText({ queue, jobId }: JobSummary): string {
  return `${terminalText(queue, 60)}:${terminalText(jobId, 100)}`;
}

function tryText({ state, error, lost, reason }: JobTry): string {
  if (error !== undefined) return `${state}: ${recordedErrorText(error, MAX_ERROR)}`;
  const why = lost?.reason ?? reason;
  return why === undefined ? state : `${state}: ${terminalText(why, MAX_ERROR)}`;
}

/** What became of a job, try by try: `try 1 lost: process 4711 on host is not there any more; try 2 completed`. */
export function jobTriesText({ tries }: JobSummary): string {
  const [first] = tries;
  if (tries.length === 1 && first.attempt === 1) return tryText(first);
  const shown = tries.slice(-MAX_TRIES).map((one) => `try ${one.attempt} ${tryText(one)}`);
  return [...(tries.length > MAX_TRIES ? ['…'] : []), ...shown].join('; ');
}
