import { stat } from 'node:fs/promises';
import { type DoctorFinding, messageOf, noteworthy, wrong } from './finding.ts';
import { isDirectory, nearestOf, todoAboutWriting, tryWriting } from './try-writing.ts';

const OTHERS_MAY_WRITE = 0o002;

/** Why a pipeline of this user would not use a spool; undefined where it would. */
async function whyUnsafe(directory: string, own: string): Promise<string | undefined> {
  const [there, ours] = await Promise.all([stat(directory), stat(own)]);
  // Some file systems give everything one owner or one mode: what was made just now tells.
  if (there.uid !== ours.uid) return `belongs to another user (uid ${there.uid}, not ${ours.uid})`;
  return (there.mode & ~ours.mode & OTHERS_MAY_WRITE) === 0
    ? undefined
    : 'may be written to by every user';
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
  const todo = `Let the user who runs the pipeline write there, or name another directory with MILEPOST_SPOOL: else what the collector does not take is lost when the process ends.`;
  const place = await nearestOf(directory);
  if ((await isDirectory(place)) !== true) {
    return [tell('spool', `${place} is no directory`, todo)];
  }
  try {
    const unsafe = await tryWriting(place, (own) =>
      place === directory ? whyUnsafe(directory, own) : Promise.resolve(undefined),
    );
    return unsafe === undefined ? [] : [wrong('spool', `${directory} ${unsafe}`, todo)];
  } catch (error) {
    const message = `nothing can wait in ${directory}: ${messageOf(error)}`;
    return [tell('spool', message, todoAboutWriting(error, todo))];
  }
}
