import { type SpoolInspection, inspectSpool } from '@milepost/delivery';
import { durationText } from '../duration-text.ts';
import { allRecordsText, countsOf } from '../record-counts.ts';
import { isHeld, spoolEntries } from '../spool-entries.ts';
import { type DoctorFinding, fine, noteworthy, wrong } from './finding.ts';

/** So far behind the newest line of its stream Loki takes none, where nothing else is said. */
const REFUSED_MS = 3_600_000;

/** Commands to type next, for one spool. */
export interface SpoolTodo {
  readonly show: (directory: string) => string;
  readonly flush: (directory: string) => string;
}

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

/** What telemetry waits on disk, and for how long. */
export async function checkSpool(
  directories: readonly string[],
  todo: SpoolTodo,
  now: number,
): Promise<readonly DoctorFinding[]> {
  const found = await Promise.all(
    directories.map(async (directory) => {
      try {
        return judgeSpool(await inspectSpool(directory), todo, now);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        const next = `Let the user who runs the pipeline read and write ${directory}.`;
        return [wrong('spool', `${directory} cannot be read: ${why}`, next)];
      }
    }),
  );
  const findings = found.flat();
  return findings.length === 0 ? [fine('spool', 'nothing waits on disk')] : findings;
}
