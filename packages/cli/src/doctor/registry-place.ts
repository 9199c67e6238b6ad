import { link, statfs, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { networkFileSystemOf } from '@milepost/registry';
import { sizeText } from '../size-text.ts';
import { type DoctorFinding, fine, messageOf, noteworthy, wrong } from './finding.ts';
import { isDirectory, nearestOf, todoAboutWriting, tryWriting } from './try-writing.ts';

const NOTED_BYTES = 200_000_000;
const LEAST_BYTES = 50_000_000;

async function tryLinks(directory: string): Promise<readonly DoctorFinding[]> {
  const file = join(directory, 'b');
  const tries = [
    {
      make: () => link(file, join(directory, 'hard')),
      message: 'hard links are not possible',
      todo: 'Keep the registry where they are, if others write hubs while a run goes on: theirs could be lost.',
    },
    {
      make: () => symlink('b', join(directory, 'soft')),
      message: 'symbolic links are not possible',
      todo: 'Nothing: latest.json and latest are small files instead.',
    },
  ];
  const findings: DoctorFinding[] = [];
  for (const { make, message, todo } of tries) {
    try {
      await make();
    } catch (error) {
      findings.push(noteworthy('registry', `${message}: ${messageOf(error)}`, todo));
    }
  }
  return findings;
}

async function checkDisk(directory: string): Promise<readonly DoctorFinding[]> {
  const { bavail, bsize, type } = await statfs(directory);
  const findings: DoctorFinding[] = [];
  const free = bavail * bsize;
  if (free < NOTED_BYTES) {
    const message = `${sizeText(free)} are free at ${directory}`;
    const todo = 'Make room, with milepost prune for example.';
    findings.push(
      free < LEAST_BYTES ? wrong('registry', message, todo) : noteworthy('registry', message, todo),
    );
  }
  const network = networkFileSystemOf(type);
  if (network !== undefined) {
    findings.push(
      noteworthy(
        'registry',
        `${directory} is on ${network}, where locks may not hold between machines: it has no index`,
        'Keep the registry on a local disk where there are thousands of runs, and milepost sync it.',
      ),
    );
  }
  return findings;
}

/**
 * Whether runs can be recorded under a root: does once what a registry does, in a directory that it makes and removes.
 * @param root absolute
 */
export async function checkRegistry(root: string): Promise<readonly DoctorFinding[]> {
  const todo =
    'Let the user who runs the pipeline write there, or name another root with MILEPOST_ROOT.';
  const place = await nearestOf(root);
  if ((await isDirectory(place)) !== true) {
    return [wrong('registry', `${place} is no directory`, todo)];
  }
  let links: readonly DoctorFinding[];
  try {
    links = await tryWriting(place, tryLinks);
  } catch (error) {
    const message = `${place} cannot be written: ${messageOf(error)}`;
    return [wrong('registry', message, todoAboutWriting(error, todo))];
  }
  const written =
    place === root
      ? fine('registry', `${root} can be written`)
      : noteworthy(
          'registry',
          `no registry at ${root} yet; it can be made there`,
          'Nothing before the first run; else name its directory with --root or MILEPOST_ROOT.',
        );
  return [written, ...links, ...(await checkDisk(place))];
}
