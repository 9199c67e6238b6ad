import {
  type Statements,
  bytesIn,
  numberIn,
  numberOrNothing,
  signatureIn,
  textIn,
} from './index-rows.ts';
import { type FileSignature } from './indexed-run.ts';
import { type RunSelection } from './run-selection.ts';

/** How many neighbours share a part of the keys. */
export const PART_SIZE = 2048;

/** A run as a selection finds it. */
export interface FoundRun {
  readonly runId: string;
  readonly startTime: number;
  /** JSON of its summary; undefined for an unsettled run, which must be read. */
  readonly summary: string | undefined;
}

/** A run that may have an item, and what the index holds of it. */
export interface RunWithItem {
  readonly runId: string;
  readonly told: boolean;
  readonly pipeline: string | undefined;
  readonly startTime: number;
  readonly segments: string;
  /** By directory. */
  readonly files: ReadonlyMap<string, FileSignature>;
  /** Where the item's sightings are packed, if it has any; undefined where the run must be read. */
  readonly pack: Uint8Array | undefined;
}

interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** The conditions of a selection that rows can tell. That on an item is left to who reads the run. */
function conditionOf(selection: RunSelection): Condition {
  const { step, status, pipeline, subdomain, since, until } = selection;
  const parts: Condition[] = [{ sql: 'told', values: [] }];
  const add = (sql: string, ...values: readonly (string | number)[]): void => {
    parts.push({ sql, values });
  };
  if (status !== undefined) add('(status = ? OR state = ?)', status, status);
  if (pipeline !== undefined) add('pipeline = ?', pipeline);
  if (subdomain !== undefined) add('subdomain = ?', subdomain);
  if (since !== undefined) add('start_time >= ?', since);
  if (until !== undefined) add('start_time < ?', until);
  if (step !== undefined) {
    add('EXISTS (SELECT 1 FROM stages s WHERE s.stage = ? AND s.run = runs.id)', step);
  }
  return {
    sql: parts.map(({ sql }) => sql).join(' AND '),
    values: parts.flatMap(({ values }) => values),
  };
}

const AMONG = { all: '', settled: ' AND NOT unsettled', unsettled: ' AND unsettled' } as const;

/** Asks the index for runs and uploads. Every call is synchronous and short. */
export class IndexQueries {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  #owners(hash: number, parts: readonly number[]): readonly number[] {
    const find = this.#statements.of('SELECT owner FROM keys WHERE part = ? AND hash = ?');
    return parts.flatMap((part) => find.all(part, hash).map((row) => numberIn(row, 'owner')));
  }

  #runOwners(hash: number): readonly number[] {
    const count = Math.floor(this.#lastId('runs') / PART_SIZE) + 1;
    return this.#owners(
      hash,
      Array.from({ length: count }, (_, part) => part),
    );
  }

  #lastId(table: 'runs' | 'uploads'): number {
    const row = this.#statements.of(`SELECT max(id) AS id FROM ${table}`).get();
    return (row && numberOrNothing(row, 'id')) ?? 0;
  }

  /** Runs that may have a key: some of them may not. */
  runsWithKey(hash: number): readonly string[] {
    const find = this.#statements.of('SELECT run_id FROM runs WHERE id = ?');
    return this.#runOwners(hash).flatMap((id) => {
      const row = find.get(id);
      return row === undefined ? [] : textIn(row, 'run_id');
    });
  }

  /** Runs that may have an item, and what is known of where they saw it: some of them may not have it. */
  runsWithItem(hash: number): readonly RunWithItem[] {
    const find = this.#statements.of(
      'SELECT run_id, told, pipeline, start_time, segments, sighted FROM runs WHERE id = ?',
    );
    const findPack = this.#statements.of(
      'SELECT data FROM sightings WHERE run = ? AND first <= ? ORDER BY first DESC LIMIT 1',
    );
    return this.#runOwners(hash).flatMap((id) => {
      const row = find.get(id);
      if (row === undefined) return [];
      const pack = findPack.get(id, hash);
      // A key of before: it is not there any more.
      if (numberIn(row, 'sighted') === 1 && pack === undefined) return [];
      return {
        runId: textIn(row, 'run_id'),
        told: numberIn(row, 'told') === 1,
        pipeline: row['pipeline'] === null ? undefined : textIn(row, 'pipeline'),
        startTime: numberIn(row, 'start_time'),
        segments: textIn(row, 'segments'),
        files: this.#filesOf(id),
        pack: pack && bytesIn(pack, 'data'),
      };
    });
  }

  #filesOf(id: number): ReadonlyMap<string, FileSignature> {
    // CROSS JOIN: SQLite would look through all files for the run otherwise.
    const rows = this.#statements
      .of(
        `SELECT name, f.mtime, f.size, f.ino FROM directories d
          CROSS JOIN files f WHERE f.directory = d.id AND f.run = ?`,
      )
      .all(id);
    return new Map(rows.map((row) => [textIn(row, 'name'), signatureIn(row)]));
  }

  /** Uploads that may have a key: some of them may not. */
  uploadsWithKey(hash: number): readonly string[] {
    const count = Math.floor(this.#lastId('uploads') / PART_SIZE) + 1;
    const find = this.#statements.of('SELECT job_id FROM uploads WHERE id = ?');
    return this.#owners(
      hash,
      Array.from({ length: count }, (_, part) => -1 - part),
    ).flatMap((id) => {
      const row = find.get(id);
      return row === undefined ? [] : textIn(row, 'job_id');
    });
  }

  /**
   * Runs that rows tell to be selected, newest first.
   * @param which of them, by whether their rows tell status and state
   */
  select(selection: RunSelection, which: 'all' | 'settled' | 'unsettled'): readonly FoundRun[] {
    const { sql, values } = conditionOf(selection);
    const rows = this.#statements
      .of(
        `SELECT run_id, start_time, unsettled, summary FROM runs JOIN summaries ON run = id
          WHERE ${sql}${AMONG[which]} ORDER BY start_time DESC, run_id DESC LIMIT ?`,
      )
      .all(...values, selection.limit ?? -1);
    return rows.map((row) => ({
      runId: textIn(row, 'run_id'),
      startTime: numberIn(row, 'start_time'),
      summary: numberIn(row, 'unsettled') === 0 ? textIn(row, 'summary') : undefined,
    }));
  }

  /** How many runs rows tell to be selected, whatever the limit. */
  count(selection: RunSelection, which: 'all' | 'settled'): number {
    const { sql, values } = conditionOf(selection);
    const row = this.#statements
      .of(`SELECT count(*) AS count FROM runs WHERE ${sql}${AMONG[which]}`)
      .get(...values);
    return row === undefined ? 0 : numberIn(row, 'count');
  }

  /** IDs of the runs that rows tell to be selected, newest first. */
  ids(selection: RunSelection): readonly string[] {
    const { sql, values } = conditionOf(selection);
    return this.#statements
      .of(`SELECT run_id FROM runs WHERE ${sql} ORDER BY start_time DESC, run_id DESC LIMIT ?`)
      .all(...values, selection.limit ?? -1)
      .map((row) => textIn(row, 'run_id'));
  }
}
