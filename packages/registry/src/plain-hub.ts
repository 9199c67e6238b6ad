import { stepEntries } from './describe-run.ts';
import { type LoadedRun } from './load-run.ts';
import { type JsonObject, isJsonObject, withFurther } from './own-keys.ts';
import { foreignHubKeys } from './run-overview.ts';

/**
 * A hub in the plain format, from what others left: every key of an existing hub stays as it is, and what it lacks comes from
 * the spokes, and from hubs that were set aside.
 * @param source of the hub, where the existing one has none
 */
export function plainHub(
  run: LoadedRun,
  existing: JsonObject | undefined,
  source: unknown,
): JsonObject {
  const { hub } = run.rendered;
  const steps = existing?.['pipeline_steps'];
  const known = isJsonObject(steps) ? steps : {};
  const rendered = new Map(stepEntries(hub));
  const missing = [...rendered].filter(([step]) => {
    const entry = known[step];
    return entry === undefined || (isJsonObject(entry) && entry['job_id'] === null);
  });
  const trace: unknown = existing?.['execution_trace'];
  const told: readonly unknown[] = Array.isArray(trace) ? trace : [];
  const toldSteps = new Set(told.map((entry) => (isJsonObject(entry) ? entry['step'] : entry)));
  const renderedTrace: unknown = hub['execution_trace'];
  const ran: readonly unknown[] = Array.isArray(renderedTrace) ? renderedTrace : [];
  const further = ran.filter((entry) => isJsonObject(entry) && !toldSteps.has(entry['step']));
  const plain = {
    job_id: run.runId,
    timestamp: hub['timestamp'],
    ...existing,
    source: isJsonObject(existing?.['source']) ? existing['source'] : source,
    pipeline_steps: { ...known, ...Object.fromEntries(missing) },
    execution_trace: [...told, ...further],
  };
  if (run.hubsAside === 0) return plain;
  const completed = stepEntries(plain).map(([step, entry]) => {
    const told = rendered.get(step);
    return [step, told === undefined ? entry : withFurther(entry, told)] as const;
  });
  const pipelineSteps = { ...plain.pipeline_steps, ...Object.fromEntries(completed) };
  return withFurther({ ...plain, pipeline_steps: pipelineSteps }, foreignHubKeys(run.state));
}
