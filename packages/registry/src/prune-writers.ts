import { join } from 'node:path';
import { readLines } from './journal-line.ts';
import { segmentFile } from './journal-segment.ts';
import { codeOf } from './node-error.ts';
import { marksOf } from './prune-places.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { parseMark } from './segment-marks.ts';
import { type WriterIdentity, writerOf } from './writer-identity.ts';
import { goneBy, thisMachine } from './writer-life.ts';

/** How long who cannot be told of has to be silent before it counts as gone for good, in milliseconds. */
export const GONE_FOR_GOOD_MS: number = 24 * 60 * 60_000;

async function firstLineOf(
  { fs }: RegistryEnvironment,
  path: string,
): Promise<{ readonly identity: WriterIdentity | undefined; readonly time: number } | undefined> {
  try {
    const { mtimeMs: time } = await fs.lstat(path);
    const first = readLines(await fs.readFile(path)).lines[0]?.record;
    const identity = first?.kind === 'segment_opened' ? writerOf(first) : undefined;
    return { identity, time };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Whether a process that lives, or may, has a segment of a run open: what it writes there next would be lost with it.
 * @param directory where the run's journal is now
 */
export async function isBeingWritten(
  environment: RegistryEnvironment,
  runId: string,
  directory: string,
): Promise<boolean> {
  const machine = thisMachine(() => environment.clock.now());
  for (const name of await marksOf(environment, runId)) {
    const mark = parseMark(name);
    if (mark === undefined || mark.closed) continue;
    const segment = await firstLineOf(environment, join(directory, segmentFile(mark.writer)));
    // Marked, and not created yet: it will be created in a journal that is not this one.
    if (segment === undefined) continue;
    const { identity, time } = segment;
    const isSilent = machine.now() - time > GONE_FOR_GOOD_MS;
    const how = identity && goneBy(machine, identity, time);
    if (how === undefined ? identity !== undefined || !isSilent : how === 'silent' && !isSilent) {
      return true;
    }
  }
  return false;
}
