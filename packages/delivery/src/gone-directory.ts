import { basename, dirname } from 'node:path';
import { errorCode } from './describe-error.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { idOfDirectory } from './spool-layout.ts';
import { type Steps } from './steps.ts';

/**
 * What became of a directory of ours: it is `there`, or another process took it over (`taken`, it keeps its ID then), or
 * somebody deleted it.
 * @param couldBeTaken whether another process had reason to take us for dead. It may have sent all there was by now, and
 * removed the directory; where the destination's own directory is gone it did not, as no process removes that.
 */
export function* fateOfDirectory(
  disk: SpoolDisk,
  directory: string,
  couldBeTaken: boolean,
): Steps<'there' | 'taken' | 'deleted'> {
  try {
    yield* disk.lstat(directory);
    return 'there';
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') return 'there';
  }
  const id = idOfDirectory(basename(directory));
  try {
    const entries = yield* disk.readdir(dirname(directory));
    const isElsewhere = entries.some(({ name }) => idOfDirectory(name) === id);
    return isElsewhere || couldBeTaken ? 'taken' : 'deleted';
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'deleted' : 'there';
  }
}
