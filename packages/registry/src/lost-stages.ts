import { isoTime } from './iso-time.ts';
import { type LoadedRun } from './load-run.ts';
import { lostJobs, withLostCount } from './lost-jobs.ts';
import { type JsonObject, defined, isJsonObject } from './own-keys.ts';
import { type LostEvidence } from './run-liveness.ts';

/** Stages of which all that still seems to run is lost, by name. */
export function lostStages({
  rendered,
  liveness,
}: Pick<LoadedRun, 'rendered' | 'liveness'>): ReadonlyMap<string, LostEvidence> {
  const lost = new Map<string, LostEvidence>();
  if (liveness === undefined || liveness.lostExecutions.size === 0) return lost;
  for (const [stage, view] of rendered.stages) {
    if (view.state !== 'running') continue;
    const running = view.occurrences.filter(({ last }) => last.state === 'running');
    const evidence = running.map(({ last }) => liveness.lostExecutions.get(last.executionId));
    const [first] = evidence;
    if (first !== undefined && !evidence.includes(undefined)) lost.set(stage, first);
  }
  return lost;
}

/** The evidence as JSON. */
function lostJson(lost: LostEvidence): JsonObject {
  return defined({
    host: lost.host,
    boot_id: lost.bootId,
    pid: lost.pid,
    thread_id: lost.threadId,
    process_start: isoTime(lost.processStart),
    last_heartbeat: isoTime(lost.lastHeartbeat),
    gone_by: lost.goneBy,
    reason: lost.reason,
  });
}

function withEvidence(entry: JsonObject, lost: LostEvidence | undefined): JsonObject {
  if (lost === undefined) return entry;
  return { ...entry, state: 'lost', lost: lostJson(lost) };
}

/** A hub with what is lost now, for whoever asks: no file ever says it. */
export function withLost(run: LoadedRun, hub: JsonObject): JsonObject {
  const stages = lostStages(run);
  const jobs = lostJobs(run);
  const { lost } = run.liveness ?? {};
  if (lost === undefined && stages.size + jobs.size === 0) return hub;
  const steps = isJsonObject(hub['pipeline_steps']) ? hub['pipeline_steps'] : {};
  const told = Object.entries(steps).map(([step, entry]): [string, unknown] => {
    if (!isJsonObject(entry)) return [step, entry];
    const counted = withLostCount(entry, run.rendered.stages.get(step), jobs);
    return [step, withEvidence(counted, stages.get(step))];
  });
  const listed = Array.isArray(hub['jobs']) ? hub['jobs'] : undefined;
  return {
    ...withEvidence(hub, lost),
    pipeline_steps: Object.fromEntries(told),
    // As it is rendered: one for each of the run's, in their order.
    ...(listed !== undefined && {
      jobs: run.rendered.jobs.map((job, index) => {
        const entry: unknown = listed[index];
        return isJsonObject(entry) ? withEvidence(entry, jobs.get(job)) : entry;
      }),
    }),
  };
}
