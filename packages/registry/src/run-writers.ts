import { type JournalRecord } from '@milepost/semconv/schemas';
import { jobTryKey } from './run-fold.ts';
import { type WriterIdentity, writerOf } from './writer-identity.ts';

/** A segment, and what its writer took part in. */
export interface SegmentWriter {
  /** Its name. */
  readonly segment: string;
  /** Undefined where an earlier version wrote it, or its first line is lost. */
  readonly identity: WriterIdentity | undefined;
  /** Executions of which it has any record. */
  readonly executions: ReadonlySet<string>;
  /** Tries of jobs of which it has any record, by key. */
  readonly jobTries: ReadonlySet<string>;
  /** Attempts of the run that began in it. */
  readonly attempts: ReadonlySet<number>;
}

interface Noted {
  identity: WriterIdentity | undefined;
  readonly executions: Set<string>;
  readonly jobTries: Set<string>;
  readonly attempts: Set<number>;
  /** Whether it took part in the run: who only brought files up to date did not. */
  tookPart: boolean;
}

/** Kinds of record that are written by who takes part in a run, and by nobody else. */
const TAKES_PART: ReadonlySet<JournalRecord['kind']> = new Set([
  'run_started',
  'run_joined',
  'run_ended',
  'stage_started',
  'stage_ended',
  'item_ended',
  'job_started',
  'job_ended',
]);

/** Who wrote the records of a run: what its fold, rightly, does not look at. */
export class RunWriters {
  readonly #noted = new Map<string, Noted>();

  /** Notes a record of a segment. */
  note(segment: string, record: JournalRecord): void {
    let noted = this.#noted.get(segment);
    if (noted === undefined) {
      noted = {
        identity: undefined,
        executions: new Set(),
        jobTries: new Set(),
        attempts: new Set(),
        tookPart: false,
      };
      this.#noted.set(segment, noted);
    }
    if (record.kind === 'segment_opened') noted.identity = writerOf(record);
    if (!TAKES_PART.has(record.kind)) return;
    // Who only decided on an end was not there.
    if ('repaired' in record && record.repaired !== undefined) return;
    noted.tookPart = true;
    if (record.kind === 'run_started') noted.attempts.add(record.run_attempt);
    if (record.kind === 'job_started' || record.kind === 'job_ended') {
      noted.jobTries.add(jobTryKey(record));
    }
    if ('execution_id' in record && record.execution_id !== undefined) {
      noted.executions.add(record.execution_id);
    }
  }

  /** Those who took part in the run. */
  get all(): readonly SegmentWriter[] {
    return [...this.#noted].flatMap(([segment, { tookPart, ...noted }]) =>
      tookPart ? [{ segment, ...noted }] : [],
    );
  }
}
