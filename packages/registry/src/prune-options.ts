import { RegistryError } from './registry-error.ts';
import { type RunSelection, parseSelection } from './run-selection.ts';

/** What is pruned. A run goes that is outside of all keeps which are given; at least one has to be. */
export interface PruneOptions extends Pick<RunSelection, 'pipeline' | 'subdomain' | 'status'> {
  /** Keeps runs that ended, or gave the last sign of life, within so many days: a whole number from 1 on. */
  readonly keepDays?: number;
  /** Keeps so many runs of each pipeline in each subdomain, the newest by start: a whole number from 1 on. */
  readonly keepRuns?: number;
  /** Whether the results of a run go with it: `analytics/{stage}/{item}/{run_id}/`. Default: false. */
  readonly results?: boolean;
  /** Whether runs go of which others recorded something, too. Default: false. */
  readonly foreign?: boolean;
  /** Whether only what would go is told. Default: false. */
  readonly dryRun?: boolean;
}

function assertCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return;
  const message = `${name}: expected a whole number from 1 on, got ${String(value)}`;
  throw new RegistryError('invalid_argument', message);
}

/**
 * The options as they were given, checked.
 * @throws {RegistryError} `invalid_argument`
 */
export function parsePruneOptions(options: PruneOptions): PruneOptions {
  const { keepDays, keepRuns, pipeline, subdomain, status } = options;
  assertCount('keepDays', keepDays);
  assertCount('keepRuns', keepRuns);
  if (keepDays === undefined && keepRuns === undefined) {
    const message = 'expected keepDays, keepRuns or both: nothing is pruned by default';
    throw new RegistryError('invalid_argument', message);
  }
  parseSelection({
    ...(pipeline !== undefined && { pipeline }),
    ...(subdomain !== undefined && { subdomain }),
    ...(status !== undefined && { status }),
  });
  return options;
}
