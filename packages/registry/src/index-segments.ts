import { join } from 'node:path';
import { segmentFile, writerOfFile } from './journal-segment.ts';
import { codeOf } from './node-error.ts';
import { compareText } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

type Files = Pick<RegistryEnvironment, 'fs' | 'layout'>;

/** Bytes of a segment; undefined where it is not there. */
export function segmentSize(
  { fs, layout }: Files,
  runId: string,
  writer: string,
): number | undefined {
  try {
    return fs.sync.lstat(join(layout.journal(runId), segmentFile(writer))).size;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** JSON of the bytes of each segment of a run, by writer. Segments only grow: the same bytes are the same records. */
export function segmentSizes(files: Files, runId: string): string {
  const { fs, layout } = files;
  let names: readonly string[];
  try {
    names = fs.sync.readdir(layout.journal(runId));
  } catch {
    // There is none, or it cannot be read: whoever loads the run will say so.
    return '{}';
  }
  const writers = names.flatMap((name) => writerOfFile(name) ?? []).toSorted(compareText);
  return JSON.stringify(
    Object.fromEntries(writers.map((writer) => [writer, segmentSize(files, runId, writer)])),
  );
}
