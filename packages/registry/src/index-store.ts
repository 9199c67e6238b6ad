import { PART_SIZE } from './index-queries.ts';
import { Statements, numberIn, signatureIn, textIn } from './index-rows.ts';
import { type Database } from './index-sqlite.ts';
import {
  type FileSignature,
  type IndexedRun,
  type IndexedUpload,
  type LookedThrough,
  type RowVersion,
} from './indexed-run.ts';

/**
 * What the index knows and how it is written. Every call is synchronous and short. What was read before another process
 * wrote is refused, so that a row is only ever replaced by what was read later.
 */
export class IndexStore {
  readonly statements: Statements;

  constructor(database: Database) {
    this.statements = new Statements(database);
  }

  /** Runs a function in a transaction that is sure to write. */
  write(fn: () => void): void {
    const { database } = this.statements;
    database.exec('BEGIN IMMEDIATE');
    try {
      fn();
      database.exec('COMMIT');
    } catch (error) {
      try {
        database.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back by itself.
      }
      throw error;
    }
  }

  /** Where and when the index was last known to be complete. */
  get place(): string | undefined {
    const row = this.statements.of('SELECT place FROM place').get();
    return row && textIn(row, 'place');
  }

  set place(place: string) {
    this.statements.of('REPLACE INTO place (id, place) VALUES (0, ?)').run(place);
  }

  /** Directories by name, as they were when all of their files were indexed. */
  directories(): ReadonlyMap<string, LookedThrough> {
    const rows = this.statements.of('SELECT * FROM directories').all();
    return new Map(
      rows.map((row) => [
        textIn(row, 'name'),
        {
          signature: signatureIn(row),
          lookedAt: numberIn(row, 'looked_at'),
          lookMs: numberIn(row, 'look_ms'),
          files: numberIn(row, 'files'),
        },
      ]),
    );
  }

  putDirectory(name: string, { signature, lookedAt, lookMs, files }: LookedThrough): void {
    const { mtime, size, ino } = signature;
    this.statements
      .of(
        `UPDATE directories SET mtime = ?, size = ?, ino = ?, looked_at = ?, look_ms = ?, files = ?
          WHERE id = ?`,
      )
      .run(mtime ?? null, size, ino, lookedAt, lookMs, files, this.#directoryId(name));
  }

  #directoryId(name: string): number {
    const row = this.statements.of('SELECT id FROM directories WHERE name = ?').get(name);
    if (row !== undefined) return numberIn(row, 'id');
    const made = this.statements
      .of(
        'INSERT INTO directories (name, size, ino, looked_at, look_ms, files) VALUES (?, 0, 0, 0, 0, 0)',
      )
      .run(name);
    return Number(made.lastInsertRowid);
  }

  /** The file of a run in a directory. */
  fileIn(directory: string, runId: string): FileSignature | undefined {
    const row = this.statements
      .of(
        `SELECT f.mtime, f.size, f.ino FROM directories d, runs r
          JOIN files f ON f.directory = d.id AND f.run = r.id WHERE d.name = ? AND r.run_id = ?`,
      )
      .get(directory, runId);
    return row && signatureIn(row);
  }

  /** The files of a directory of runs, by run ID. */
  filesIn(directory: string): Map<string, FileSignature> {
    const rows = this.statements
      .of(
        `SELECT r.run_id, f.mtime, f.size, f.ino FROM directories d
          JOIN files f ON f.directory = d.id JOIN runs r ON r.id = f.run WHERE d.name = ?`,
      )
      .iterate(directory);
    const files = new Map<string, FileSignature>();
    for (const row of rows) files.set(textIn(row, 'run_id'), signatureIn(row));
    return files;
  }

  /** The files of uploads, by job ID. */
  uploadFiles(): Map<string, FileSignature> {
    const rows = this.statements.of('SELECT job_id, mtime, size, ino FROM uploads').iterate();
    const files = new Map<string, FileSignature>();
    for (const row of rows) files.set(textIn(row, 'job_id'), signatureIn(row));
    return files;
  }

  /** Another one after each writing; undefined for an upload that is not indexed. */
  uploadId(jobId: string): number | undefined {
    const row = this.statements.of('SELECT id FROM uploads WHERE job_id = ?').get(jobId);
    return row && numberIn(row, 'id');
  }

  /** The JSON of a run's segments; undefined for a run that is not indexed. */
  segmentsOf(runId: string): string | undefined {
    const row = this.statements.of('SELECT segments FROM runs WHERE run_id = ?').get(runId);
    return row && textIn(row, 'segments');
  }

  /** Every run with the JSON of its segments. */
  allSegments(): ReadonlyMap<string, string> {
    const all = new Map<string, string>();
    for (const row of this.statements.of('SELECT run_id, segments FROM runs').iterate()) {
      all.set(textIn(row, 'run_id'), textIn(row, 'segments'));
    }
    return all;
  }

  /** Runs that must be read again at each query. */
  troubledRuns(): readonly string[] {
    const rows = this.statements.of('SELECT run_id FROM runs WHERE troubled').all();
    return rows.map((row) => textIn(row, 'run_id'));
  }

  versionOf(runId: string): RowVersion | undefined {
    const row = this.statements.of('SELECT id, version FROM runs WHERE run_id = ?').get(runId);
    return row && { id: numberIn(row, 'id'), version: numberIn(row, 'version') };
  }

  /**
   * Writes what was read of a run.
   * @param seen the writing that was there before the run was read
   * @returns false where another process has written since
   */
  putRun(run: IndexedRun, seen: RowVersion | undefined): boolean {
    const now = this.versionOf(run.runId);
    if (now?.id !== seen?.id || now?.version !== seen?.version) return false;
    if (now !== undefined) this.#clear(now.id);
    const id = this.#putRow(run, now);
    this.statements.of('REPLACE INTO summaries (run, summary) VALUES (?, ?)').run(id, run.summary);
    const putStage = this.statements.of('INSERT INTO stages (stage, run) VALUES (?, ?)');
    for (const stage of run.stages) putStage.run(stage, id);
    const putFile = this.statements.of(
      'INSERT INTO files (directory, run, mtime, size, ino) VALUES (?, ?, ?, ?, ?)',
    );
    for (const [directory, { mtime, size, ino }] of run.files) {
      putFile.run(this.#directoryId(directory), id, mtime ?? null, size, ino);
    }
    this.#putKeys(Math.floor(id / PART_SIZE), id, run.keys);
    const putSightings = this.statements.of(
      'INSERT INTO sightings (run, first, data) VALUES (?, ?, ?)',
    );
    for (const { first, data } of run.sightings ?? []) putSightings.run(id, first, data);
    return true;
  }

  #putRow(run: IndexedRun, now: RowVersion | undefined): number {
    const values = [
      Number(run.told),
      run.startTime,
      run.status,
      run.state,
      run.pipeline ?? null,
      run.subdomain ?? null,
      Number(run.unsettled),
      Number(run.troubled),
      Number(run.sightings !== undefined),
      run.segments,
    ];
    if (now === undefined) {
      const made = this.statements
        .of(
          `INSERT INTO runs (run_id, version, told, start_time, status, state, pipeline, subdomain,
            unsettled, troubled, sighted, segments) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(run.runId, ...values);
      return Number(made.lastInsertRowid);
    }
    this.statements
      .of(
        `UPDATE runs SET version = version + 1, told = ?, start_time = ?, status = ?, state = ?,
          pipeline = ?, subdomain = ?, unsettled = ?, troubled = ?, sighted = ?, segments = ? WHERE id = ?`,
      )
      .run(...values, now.id);
    return now.id;
  }

  /** Old keys stay: what they lead to is read before it is believed. */
  #putKeys(part: number, owner: number, keys: readonly number[]): void {
    const put = this.statements.of(
      'INSERT OR IGNORE INTO keys (part, hash, owner) VALUES (?, ?, ?)',
    );
    for (const hash of keys) put.run(part, hash, owner);
  }

  #clear(id: number): void {
    this.statements.of('DELETE FROM stages WHERE run = ?').run(id);
    this.statements.of('DELETE FROM sightings WHERE run = ?').run(id);
    this.statements
      .of('DELETE FROM files WHERE directory IN (SELECT id FROM directories) AND run = ?')
      .run(id);
  }

  /**
   * Forgets a run that nothing tells of any more.
   * @returns false where another process has written since
   */
  deleteRun(runId: string, seen: RowVersion | undefined): boolean {
    const now = this.versionOf(runId);
    if (now === undefined) return true;
    if (now.id !== seen?.id || now.version !== seen.version) return false;
    this.#clear(now.id);
    this.statements.of('DELETE FROM summaries WHERE run = ?').run(now.id);
    this.statements.of('DELETE FROM runs WHERE id = ?').run(now.id);
    return true;
  }

  /**
   * Writes what was read of an upload, or forgets it.
   * @param seen the ID of what was there before it was read
   * @returns false where another process has written since
   */
  putUpload(jobId: string, upload: IndexedUpload | undefined, seen: number | undefined): boolean {
    if (this.uploadId(jobId) !== seen) return false;
    this.statements.of('DELETE FROM uploads WHERE job_id = ?').run(jobId);
    if (upload === undefined) return true;
    const { mtime, size, ino } = upload.signature;
    const made = this.statements
      .of('INSERT INTO uploads (job_id, mtime, size, ino) VALUES (?, ?, ?, ?)')
      .run(jobId, mtime ?? null, size, ino);
    const id = Number(made.lastInsertRowid);
    this.#putKeys(-1 - Math.floor(id / PART_SIZE), id, upload.keys);
    return true;
  }
}
