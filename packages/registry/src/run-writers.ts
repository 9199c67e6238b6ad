import { type JournalRecord } from '@milepost/semconv/schemas';
import { type WriterIdentity, writerOf } from './writer-identity.ts';

/** A segment, and what its writer took part in. */
export interface SegmentWriter {
  /** Its name. */
  readonly segment: string;
  /** Undefined where an earlier version wrote it, or its first line is lost. */
  readonly identity: WriterIdentity | undefined;
  /** Executions of which it has any record. */
  readonly executions: ReadonlySet<string>;
  /** Attempts of the run that began in it. */
  readonly attempts: ReadonlySet<number>;
}

interface Noted {
  identity: WriterIdentity | undefined;
  readonly executions: Set<string>;
  readonly attempts: Set<number>;
  /** Whether it took part in the run: who only brought files up to date did not. */
  tookPart: boolean;
}

/** Who wrote the records of a run: what its fold, rightly, does not look at. */
export class RunWriters {
  readonly #noted = new Map<string, Noted>();

  /** Notes a record of a segment. */
  note(segment: string, record: JournalRecord): void {
    let noted = this.#noted.get(segment);
    if (noted === undefined) {
      noted = { identity: undefined, executions: new Set(), attempts: new Set(), tookPart: false };
      this.#noted.set(segment, noted);
    }
    switch (record.kind) {
      case 'segment_opened':
        noted.identity = writerOf(record);
        return;
      case 'run_started':
        noted.attempts.add(record.run_attempt);
        noted.tookPart = true;
        return;
      case 'run_joined':
      case 'run_ended':
        noted.tookPart = true;
        return;
      case 'stage_started':
      case 'stage_ended':
      case 'item_ended':
        noted.executions.add(record.execution_id);
        noted.tookPart = true;
        return;
      default:
    }
  }

  /** Those who took part in the run. */
  get all(): readonly SegmentWriter[] {
    return [...this.#noted].flatMap(([segment, { identity, executions, attempts, tookPart }]) =>
      tookPart ? [{ segment, identity, executions, attempts }] : [],
    );
  }
}
