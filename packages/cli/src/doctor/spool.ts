import { sep } from 'node:path';
import { type SpoolInspection, inspectSpool } from '@milepost/delivery';
import { durationText } from '../duration-text.ts';
import { allRecordsText, countsOf } from '../record-counts.ts';
import { isHeld, spoolEntries } from '../spool-entries.ts';
import { type DoctorFinding, fine, messageOf, noteworthy, wrong } from './finding.ts';
import { checkSpoolPlace } from './spool-place.ts';
import { isDirectory } from './try-writing.ts';

/** So far behind the newest line of its stream Loki takes none, where nothing else is said. */
const REFUSED_MS = 3_600_000;

/** Commands to type next, for one spool. */
export interface SpoolTodo {
  readonly show: (directory: string) => string;
  readonly flush: (directory: string) => string;
}

/** Where a spool may lie, and what is known of it. */
export interface SpoolSurroundings {
  readonly todo: SpoolTodo;
  readonly now: number;
  /** Root of the registry, absolute. */
  readonly root: string;
  /** The spool that is named, absolute; undefined where none is. */
  readonly named: string | undefined;
  /** Whether the environment wants none. */
  readonly isOff: boolean;
}

const OFF = noteworthy(
  'spool',
  'MILEPOST_SPOOL is off: what the collector does not take is lost when the process ends',
  'Unset MILEPOST_SPOOL, or name a directory with it.',
);

function judgeSpool(
  spool: SpoolInspection,
  todo: SpoolTodo,
  now: number,
): readonly DoctorFinding[] {
  const { directory, deadLetters } = spool;
  const findings: DoctorFinding[] = [];
  const entries = spoolEntries(spool);
  if (entries.length > 0) {
    const oldest = Math.min(...entries.map((entry) => entry.oldest ?? now));
    const age = Math.max(0, now - oldest);
    const message = `${allRecordsText(countsOf(entries))} wait in ${directory}, the oldest for ${durationText(age / 1000)}`;
    const next = entries.every(isHeld)
      ? `The running process sends it when the collector takes it; ${todo.show(directory)} says why it waits.`
      : `${todo.flush(directory)} sends what processes left that are gone.`;
    findings.push(
      age > REFUSED_MS ? wrong('spool', message, next) : noteworthy('spool', message, next),
    );
  }
  if (deadLetters.length > 0) {
    const records = allRecordsText(countsOf(deadLetters));
    const reasons = [...new Set(deadLetters.map(({ reason }) => reason))].join(', ');
    findings.push(
      wrong(
        'spool',
        `${records} in ${directory} are sent no more: ${reasons}`,
        `${todo.show(directory)} says what the collector said; ${todo.flush(directory)} --dead-letters sends them once more.`,
      ),
    );
  }
  return findings;
}

/** Whether telemetry could wait where a pipeline would let it. */
async function checkPlace(
  directory: string,
  { root, named, isOff }: SpoolSurroundings,
): Promise<readonly DoctorFinding[]> {
  const isThere = (await isDirectory(directory)) !== undefined;
  if (isThere || directory === named) {
    // Where none is named, that of the registry comes before that of the platform.
    const isPicked =
      named === undefined ? !isOff && directory.startsWith(root + sep) : directory === named;
    return checkSpoolPlace(directory, isPicked);
  }
  // Whether it can be made there, the look at the registry says. And what is named is used instead of what is not.
  const isElsewhere = named !== undefined || directory.startsWith(root + sep);
  return isElsewhere ? [] : checkSpoolPlace(directory, false);
}

/** What telemetry waits on disk, for how long, and whether more can. */
export async function checkSpool(
  directories: readonly string[],
  surroundings: SpoolSurroundings,
): Promise<readonly DoctorFinding[]> {
  const found = await Promise.all(
    directories.map(async (directory) => {
      const { todo, now } = surroundings;
      const place = await checkPlace(directory, surroundings);
      try {
        return [...judgeSpool(await inspectSpool(directory), todo, now), ...place];
      } catch (error) {
        if (place.length > 0) return place;
        const next = `Let the user who runs the pipeline read and write ${directory}.`;
        return [wrong('spool', `${directory} cannot be read: ${messageOf(error)}`, next)];
      }
    }),
  );
  const findings = [...(surroundings.isOff ? [OFF] : []), ...found.flat()];
  return findings.length === 0 ? [fine('spool', 'nothing waits on disk')] : findings;
}
