import { parseRequestFile } from './request-file.ts';
import { type SetAside } from './request-store.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { DAMAGED_ENDING } from './spool-layout.ts';
import { type Steps } from './steps.ts';

/** Why a dead letter was set aside. */
export function* deadLetterReason(disk: SpoolDisk, path: string): Steps<SetAside> {
  if (path.endsWith(DAMAGED_ENDING)) {
    return { reason: 'damaged', message: 'the file is not what was written' };
  }
  try {
    const { header } = parseRequestFile(yield* disk.readFile(path));
    return header.setAside ?? { reason: 'rejected', message: 'nobody wrote down why' };
  } catch (error) {
    return { reason: 'damaged', message: error instanceof Error ? error.message : String(error) };
  }
}
