import { basename, dirname, join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { type RegistryFile, type RegistryFileSystem } from './file-system.ts';
import { writerOfFile } from './journal-segment.ts';
import { type Layout } from './layout.ts';
import { codeOf, messageOf } from './node-error.ts';

/** What the name of a mark ends with once its segment is closed. */
export const CLOSED_MARK = '~closed';

/** A segment that may have grown since the index was brought up to date. */
export interface SegmentMark {
  /** Its file in the directory of marks. */
  readonly name: string;
  readonly runId: string;
  readonly writer: string;
  /** Whether its writer has closed it: once indexed, the mark is no longer needed. */
  readonly closed: boolean;
}

/** Parses the name of a mark: `{run ID}~{writer}`, with `~closed` behind it once closed. */
export function parseMark(name: string): SegmentMark | undefined {
  const [runId, writer, closed] = name.split('~');
  if (runId === undefined || writer === undefined || runId === '' || writer === '')
    return undefined;
  if (closed !== undefined && closed !== 'closed') return undefined;
  return { name, runId, writer, closed: closed !== undefined };
}

/**
 * A file system that marks each segment of a journal from before it is created until after it is closed, by an empty
 * file. So a look into one directory tells which of all segments may have grown. Where there is no index, a mark goes
 * with its segment's closing: an index that is made later reads every segment anyway.
 */
export function withSegmentMarks(fs: RegistryFileSystem, layout: Layout): RegistryFileSystem {
  const markOf = (path: string): string | undefined => {
    const writer = writerOfFile(basename(path));
    const directory = dirname(path);
    if (writer === undefined || dirname(directory) !== layout.journals) return undefined;
    return join(layout.marks, `${basename(directory)}~${writer}`);
  };
  const mark = (path: string): string | undefined => {
    const made = markOf(path);
    if (made !== undefined) createMark(fs, layout, made);
    return made;
  };
  return {
    ...fs,
    open: async (path, flags) => {
      const made = flags === 'wx' ? mark(path) : undefined;
      const file = await fs.open(path, flags);
      return made === undefined ? file : withMark(file, () => closeMark(fs, layout, made));
    },
    sync: {
      ...fs.sync,
      writeNew: (path, data, synced) => {
        const made = mark(path);
        fs.sync.writeNew(path, data, synced);
        if (made !== undefined) closeMark(fs, layout, made);
      },
      unlink: (path) => {
        fs.sync.unlink(path);
        const made = markOf(path);
        if (made !== undefined) closeMark(fs, layout, made);
      },
    },
  };
}

function createMark(fs: RegistryFileSystem, layout: Layout, mark: string): void {
  try {
    fs.sync.create(mark);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) !== 'ENOENT') throw error;
    fs.sync.mkdirs(layout.marks);
    fs.sync.create(mark);
  }
}

function withMark(file: RegistryFile, closed: () => void): RegistryFile {
  return {
    write: (data, offset, length) => file.write(data, offset, length),
    read: (data, offset, length, position) => file.read(data, offset, length, position),
    sync: () => file.sync(),
    stat: () => file.stat(),
    close: async () => {
      await file.close();
      closed();
    },
  };
}

/** A mark that stays costs each query a look at one file, and hides nothing. */
function closeMark(fs: RegistryFileSystem, layout: Layout, mark: string): void {
  try {
    if (isThere(fs, layout.index)) fs.sync.rename(mark, mark + CLOSED_MARK);
    else fs.sync.unlink(mark);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    diag.debug(`milepost: registry: ${layout.recorded(mark)}: ${messageOf(error)}`);
  }
}

function isThere(fs: RegistryFileSystem, path: string): boolean {
  try {
    fs.sync.lstat(path);
    return true;
  } catch {
    // Not there, or not to be seen by anyone.
    return false;
  }
}
