import { join } from 'node:path';
import { type JobIdentity } from '@milepost/core/hooks';
import { claimText, mayBeTakenOver } from './end-claim.ts';
import { type JournalSearch } from './journal-search.ts';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { createFileNow } from './replace-now.ts';

/** What may be ended once: an attempt of a run, or a spread stage in it. */
export interface ClaimedEnd {
  readonly runId: string;
  readonly attempt: number;
  /** Of the spread stage; the run itself without. */
  readonly executionId: string | undefined;
  /** The try of a queue's job that ends it, if any. */
  readonly job: JobIdentity | undefined;
}

/**
 * Claims an end: true once among all who share the tree. A claim whose end is not recorded may be taken over when whoever made
 * it is not going to record it any more.
 * @param journalOf what is recorded of the run by now
 */
export function claimEnd(
  environment: RegistryEnvironment,
  end: ClaimedEnd,
  journalOf: () => JournalSearch,
): boolean {
  const { fs, layout } = environment;
  const { runId, attempt, executionId, job } = end;
  const directory = layout.endClaims(runId);
  const name = executionId ?? `run-${attempt}`;
  const content = Buffer.from(claimText(job));
  // Not synced: a claim need not survive a power cut, and this must not hold up the caller.
  fs.sync.mkdirs(directory);
  // Whoever takes a claim over makes one of the next number, and none is ever removed: so of several one wins.
  for (let number = 1; ; number += 1) {
    const path = join(directory, number === 1 ? name : `${name}.${number}`);
    try {
      createFileNow(fs, path, content);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    // In this order: what one recorded who is gone is there for all to see.
    if (!mayBeTakenOver(environment, path, job) || hasEnd(journalOf(), end)) return false;
  }
}

const ENDS = ['"kind":"run_ended"', '"kind":"stage_ended"'];

function hasEnd(journal: JournalSearch, { attempt, executionId }: ClaimedEnd): boolean {
  for (const record of journal.holding(ENDS)) {
    if (executionId === undefined) {
      if (record.kind === 'run_ended' && record.run_attempt === attempt) return true;
    } else if (record.kind === 'stage_ended' && record.execution_id === executionId) return true;
  }
  return false;
}
