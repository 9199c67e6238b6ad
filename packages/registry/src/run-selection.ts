import { RUN_STATE_VALUES, RUN_STATUS_VALUES, type RunStatus } from '@milepost/semconv/schemas';
import { sightingsIn } from './find-item.ts';
import { type LoadedRun } from './load-run.ts';
import { RegistryError } from './registry-error.ts';
import { LOST, type ReadRunState } from './run-summary.ts';
import { newestForeignSpokes } from './step-parts.ts';

/** Which runs are asked for: those for which all of it holds. */
export interface RunSelection {
  /** Runs with a record of that stage, by us or by others. */
  readonly step?: string;
  /** Runs of that status, or in that state. */
  readonly status?: RunStatus | ReadRunState;
  readonly pipeline?: string;
  readonly subdomain?: string;
  /** Runs that started then or later, in milliseconds since the Unix epoch. */
  readonly since?: number;
  /** Runs that started before then, in milliseconds since the Unix epoch. */
  readonly until?: number;
  /** Runs that touched that item. */
  readonly itemId?: string;
  /** So many at most, the newest. Default: all. */
  readonly limit?: number;
}

function invalid(name: string, expected: string, value: unknown): RegistryError {
  const got = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return new RegistryError('invalid_argument', `${name}: expected ${expected}, got ${got}`);
}

const STATUSES: readonly string[] = [...RUN_STATUS_VALUES, ...RUN_STATE_VALUES, LOST];

/**
 * The selection as it was given, checked.
 * @throws {RegistryError} `invalid_argument`
 */
export function parseSelection(selection: RunSelection): RunSelection {
  const { status, since, until, limit } = selection;
  if (status !== undefined && !STATUSES.includes(status)) {
    throw invalid('status', `one of ${[...new Set(STATUSES)].join(', ')}`, status);
  }
  for (const [name, time] of Object.entries({ since, until })) {
    if (time !== undefined && !Number.isFinite(time)) {
      throw invalid(name, 'milliseconds since the Unix epoch', time);
    }
  }
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0)) {
    throw invalid('limit', 'a whole number from 0 on', limit);
  }
  return selection;
}

/** Whether the run has a spoke of that step, by us or by others. */
function hasSpoke({ state, rendered }: LoadedRun, step: string): boolean {
  return (
    rendered.spokes.some((spoke) => spoke.step === step) || newestForeignSpokes(state).has(step)
  );
}

/** The steps of a run that have a spoke, by us or by others. */
export function stepsWithSpoke({ state, rendered }: LoadedRun): ReadonlySet<string> {
  return new Set([
    ...rendered.spokes.map(({ step }) => step),
    ...newestForeignSpokes(state).keys(),
  ]);
}

/** Whether a run is among those that are asked for, whatever the limit. */
export function isSelected(run: LoadedRun, selection: RunSelection): boolean {
  const { step, status, pipeline, subdomain, since, until, itemId } = selection;
  const { overview } = run.rendered;
  const state = run.liveness?.lost === undefined ? overview.state : LOST;
  return (
    (step === undefined || hasSpoke(run, step)) &&
    (status === undefined || overview.status === status || state === status) &&
    (pipeline === undefined || overview.pipeline === pipeline) &&
    (subdomain === undefined || overview.subdomain === subdomain) &&
    (since === undefined || overview.startTime >= since) &&
    (until === undefined || overview.startTime < until) &&
    (itemId === undefined || sightingsIn(run, itemId).length > 0)
  );
}
