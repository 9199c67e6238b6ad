import { type Database } from './index-sqlite.ts';

/** Of what the index holds. One of another version is made anew. Changes whenever its rows come out otherwise. */
const INDEX_VERSION = 2;

const TABLES = `
  -- Where the index was last known to be complete: the boot of the machine, and files by their inodes.
  CREATE TABLE place (id INTEGER PRIMARY KEY CHECK (id = 0), place TEXT NOT NULL);

  -- Directories whose files are indexed, and how each was when all of them were. Times are NULL where it was too new to tell.
  CREATE TABLE directories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    mtime REAL,
    size REAL NOT NULL,
    ino REAL NOT NULL,
    -- When all of its files were last looked at, how long that took, in milliseconds, and how many they were.
    looked_at REAL NOT NULL,
    look_ms REAL NOT NULL,
    files INTEGER NOT NULL
  );

  -- AUTOINCREMENT: an ID is never used again, so that keys of a run that is gone lead to none.
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    -- Counts its writings, so that nothing older takes the place of something newer.
    version INTEGER NOT NULL,
    -- Whether anything readable tells of it.
    told INTEGER NOT NULL,
    start_time REAL NOT NULL,
    status TEXT NOT NULL,
    state TEXT NOT NULL,
    pipeline TEXT,
    subdomain TEXT,
    -- Whether status and state depend on more than files.
    unsettled INTEGER NOT NULL,
    -- Whether it must be read again in any case.
    troubled INTEGER NOT NULL,
    -- Whether its sightings are here, so that as long as its files are as they were it need not be read for an item.
    sighted INTEGER NOT NULL,
    -- JSON: bytes of each segment by writer.
    segments TEXT NOT NULL
  );
  -- All that a selection asks for.
  CREATE INDEX runs_by_start ON runs (start_time, run_id, status, state, pipeline, subdomain, unsettled)
    WHERE told;
  CREATE INDEX runs_troubled ON runs (id) WHERE troubled;
  CREATE INDEX runs_unsettled ON runs (start_time, run_id) WHERE told AND unsettled;

  -- JSON of runs as lists show them.
  CREATE TABLE summaries (run INTEGER PRIMARY KEY, summary TEXT NOT NULL);

  -- Where items were seen in a run: packs of neighbours by their keys, each from its first key on.
  CREATE TABLE sightings (run INTEGER NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE INDEX sightings_by_run ON sightings (run, first);

  CREATE TABLE stages (stage TEXT NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (stage, run)) WITHOUT ROWID;
  CREATE INDEX stages_by_run ON stages (run);

  -- How each file was when its run was indexed; a journal's directory counts as a file.
  CREATE TABLE files (
    directory INTEGER NOT NULL,
    run INTEGER NOT NULL,
    mtime REAL,
    size REAL NOT NULL,
    ino REAL NOT NULL,
    PRIMARY KEY (directory, run)
  ) WITHOUT ROWID;

  CREATE TABLE uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    mtime REAL,
    size REAL NOT NULL,
    ino REAL NOT NULL
  );

  -- Hashes of items and checksums, of runs and (in parts below zero) of uploads. A part is of few neighbours, so that
  -- new keys touch few pages however many there are.
  CREATE TABLE keys (
    part INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    PRIMARY KEY (part, hash, owner)
  ) WITHOUT ROWID;
`;

function versionOf(database: Database): unknown {
  return database.prepare('PRAGMA user_version').get()?.['user_version'];
}

function tableNames(database: Database): readonly string[] {
  const rows = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  return rows.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
}

/** Makes the tables where there are none, or those of another version, in one transaction. */
export function ensureTables(database: Database): void {
  if (versionOf(database) === INDEX_VERSION) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been quicker.
    if (versionOf(database) !== INDEX_VERSION) {
      for (const name of tableNames(database)) {
        database.exec(`DROP TABLE "${name.replaceAll('"', '""')}"`);
      }
      database.exec(TABLES);
      database.exec(`PRAGMA user_version = ${INDEX_VERSION}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
