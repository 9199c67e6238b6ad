import { stat } from 'node:fs/promises';
import { type DoctorFinding, messageOf, noteworthy, wrong } from './finding.ts';
import { isDirectory, nearestOf, todoAboutWriting, tryWriting } from './try-writing.ts';

const OTHERS_MAY_WRITE = 0o002;
const ELSE_ANOTHER =
  'name another directory with MILEPOST_SPOOL: a pipeline that would use this one loses what the collector does not take when the process ends.';

/** Why a pipeline of this user would not use a spool, and what to do about it. */
interface Unsafe {
  readonly why: string;
  readonly todo: string;
}

/** Undefined where a pipeline of this user would use it. */
async function findUnsafe(directory: string, own: string): Promise<Unsafe | undefined> {
  const [there, ours] = await Promise.all([stat(directory), stat(own)]);
  // Some file systems give everything one owner or one mode: what was made just now tells.
  if (there.uid !== ours.uid) {
    return {
      why: `belongs to another user (uid ${there.uid}, not ${ours.uid})`,
      todo: `Let it belong to the user who runs the pipeline, or ${ELSE_ANOTHER}`,
    };
  }
  if ((there.mode & ~ours.mode & OTHERS_MAY_WRITE) === 0) return undefined;
  return {
    why: 'may be written to by every user',
    todo: `chmod o-w ${directory}, or ${ELSE_ANOTHER}`,
  };
}

/**
 * Whether telemetry can wait in a directory, or in one that is made there.
 * @param directory absolute
 * @param isCertain whether a pipeline would use it; else it may
 * @returns nothing where it can
 */
export async function checkSpoolPlace(
  directory: string,
  isCertain: boolean,
): Promise<readonly DoctorFinding[]> {
  const tell = isCertain ? wrong : noteworthy;
  const todo = `Let the user who runs the pipeline write there, or ${ELSE_ANOTHER}`;
  const place = await nearestOf(directory);
  if ((await isDirectory(place)) !== true) {
    return [tell('spool', `${place} is no directory`, todo)];
  }
  try {
    const unsafe = await tryWriting(place, (own) =>
      place === directory ? findUnsafe(directory, own) : Promise.resolve(undefined),
    );
    return unsafe === undefined ? [] : [tell('spool', `${directory} ${unsafe.why}`, unsafe.todo)];
  } catch (error) {
    const message = `nothing can wait in ${directory}: ${messageOf(error)}`;
    return [tell('spool', message, todoAboutWriting(error, todo))];
  }
}
