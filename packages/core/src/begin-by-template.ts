import { beginOpenRun } from './begin-run.ts';
import { derivedRunId } from './derived-run-id.ts';
import { flagChanges } from './envelope-changes.ts';
import { type EnvelopeBegin, type RunEnvelope } from './envelope.ts';
import { Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { type JobIdentity } from './identity.ts';
import { type RunAttempt, runMemory } from './run-memory.ts';
import { currentRunStore } from './run-store.ts';

/**
 * Begins the run that a template names with the first try of a job; later tries go on with it. May throw: guard it.
 * @param readyAt when the job was to run, in milliseconds since the Unix epoch; where nobody knows, each try begins a run
 */
export function beginByTemplate(
  begin: EnvelopeBegin,
  job: JobIdentity,
  readyAt: number | undefined,
): RunEnvelope {
  const flags = new Flags();
  for (const part of [begin, begin.attributes]) flagChanges(part, flags);
  const runId = derivedRunId(begin.subdomain ?? begin.pipeline, job, readyAt);
  const place = { isAlone: true, flags };
  if (runId === undefined || readyAt === undefined) {
    return beginOpenRun(begin, { ...place, startTime: readyAt, isAgain: false });
  }
  const attempt = { runId, attempt: 1 };
  const isAgain = job.attempt > 1;
  // One that was put off, and then taken at once after all, has a time that is still to come.
  const startTime = (isAgain ? knownStart(attempt) : undefined) ?? Math.min(readyAt, Date.now());
  const run = beginOpenRun({ ...begin, ...attempt }, { ...place, startTime, isAgain });
  runMemory(attempt).startTime = startTime;
  return run;
}

/** When the first try began the run, where that is known here or by the store of runs. */
function knownStart(run: RunAttempt): number | undefined {
  const { startTime } = runMemory(run);
  if (startTime !== undefined) return startTime;
  const resolve = (): number | undefined => currentRunStore()?.resolveRun(run.runId)?.startTime;
  return guarded('the start of a run that a job goes on with', resolve, undefined);
}
