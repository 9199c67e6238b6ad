import { setTimeout } from 'node:timers/promises';
import { type JournalRecord } from '@milepost/semconv/schemas';
import { type JournalReader } from './journal-reader.ts';
import { reportProblem } from './registry-environment.ts';

/** From how many rounds on it is looked whether others go on writing. */
const MANY_ROUNDS = 4;
/** For how long that is waited for, in milliseconds. */
const GOING_ON_MS = 20;

/** Kinds of record whose writer writes the files anew after it, in any case. Others follow from files. */
const TOLD: ReadonlySet<JournalRecord['kind']> = new Set([
  'run_started',
  'run_joined',
  'run_ended',
  'stage_started',
  'stage_ended',
  'item_ended',
  'output_recorded',
  'step_saved',
]);

/** What the rounds of a rewrite are made of. */
export interface RewriteRound {
  /** The journal as others write it. */
  readonly others: JournalReader;
  /** Takes a record of others. */
  readonly add: (record: JournalRecord) => void;
  /** Writes the files of what was taken. */
  readonly derive: () => Promise<void>;
  /** Whether the files on disk are those that were written last. */
  readonly isDerived: () => Promise<boolean>;
}

/**
 * Writes the files of a run, and again as long as others wrote to its journal meanwhile: they may have written the files of
 * that already, and ours, which know less, have taken their place. It is left to them only when they are seen to record
 * something after our files were in place: whoever does, writes the files after that, and looks whether they stay.
 */
export async function rewriteInRounds({
  others,
  add,
  derive,
  isDerived,
}: RewriteRound): Promise<void> {
  const read = async (): Promise<boolean> => {
    let isTold = false;
    const problems = await others.read((record) => {
      isTold ||= TOLD.has(record.kind);
      add(record);
    });
    problems.forEach(reportProblem);
    return isTold;
  };
  await read();
  for (let round = 1; ; round += 1) {
    await derive();
    if (!(await others.grew()) && (!others.hasRead || (await isDerived()))) return;
    await read();
    if (round < MANY_ROUNDS) continue;
    await setTimeout(GOING_ON_MS);
    if (await read()) return;
  }
}
