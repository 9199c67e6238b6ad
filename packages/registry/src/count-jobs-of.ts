import { type JournalSearch } from './journal-search.ts';

const STARTS = ['"kind":"job_started"'];

/**
 * How many jobs of an execution of a spread stage began, each counted once however often it was tried.
 * @param enough so many suffice: no more are looked for
 */
export function countJobsOf(journal: JournalSearch, executionId: string, enough: number): number {
  const known = new Set<string>();
  for (const record of journal.holding([`"execution_id":${JSON.stringify(executionId)}`], STARTS)) {
    if (known.size >= enough) break;
    if (record.kind !== 'job_started' || record.execution_id !== executionId) continue;
    known.add(`${record.queue}:${record.job_id}`);
  }
  return known.size;
}
