import { type Finding, finding } from './finding.ts';
import { segmentsIn } from './prune-places.ts';
import { type BuriedRun, buriedRuns } from './prune-tombstones.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

/** What prunes that were cut short have left. */
export interface UnfinishedPrunes {
  /** Runs of which nothing but the rest lies there: that they are not whole is no fault. */
  readonly runIds: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

/**
 * Finds runs that are half pruned.
 * @param only of one run
 */
export async function verifyPruned(
  environment: RegistryEnvironment,
  only?: string,
): Promise<UnfinishedPrunes> {
  const { layout } = environment;
  const runIds = new Set<string>();
  const findings: Finding[] = [];
  const isAsked = ({ runId }: BuriedRun): boolean => only === undefined || runId === only;
  for (const { runId, path } of (await buriedRuns(environment)).filter(isAsked)) {
    const journal = await segmentsIn(environment, layout.journal(runId)).catch(() => ({}));
    if (journal === undefined) runIds.add(runId);
    const message =
      journal === undefined
        ? 'it is half pruned: a prune goes on, or was cut short; the next prune or rebuild finishes it'
        : 'left of a prune of it that was cut short before it was begun anew; the next prune or rebuild removes it';
    findings.push(finding('prune_unfinished', layout.recorded(path), runId, message));
  }
  return { runIds, findings };
}
