import { fstatSync } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CliError } from './cli-error.ts';
import { type CliStream } from './cli-io.ts';
import { terminalText } from './terminal-text.ts';

/** What a path of an output leads to. */
export interface ExportPlace {
  /** As it was typed, absolute. */
  readonly typed: string;
  /** Where links lead. */
  readonly path: string;
  /** `through` for a device, a pipe and the like, of which a file must not take the place. */
  readonly how: 'replace' | 'through';
  /** Permissions of the file that is there. */
  readonly mode: number | undefined;
}

/** As many links as Linux follows. */
const MAX_LINKS = 40;

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** What an error of the file system means for an output: names what was typed, and no file of ours. */
export function outputError(typed: string, path: string, error: unknown): CliError {
  const message = error instanceof Error ? error.message : String(error);
  const why =
    codeOf(error) === 'ENOENT'
      ? `there is no directory ${dirname(path)}`
      : message.replace(/, \w+( '.*)?$/s, '');
  return new CliError(`--output ${terminalText(typed)}: ${terminalText(why)}`, 'left');
}

/** Where the links of a path lead, whether or not something is there. */
async function endOfLinks(path: string): Promise<string> {
  let end = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    try {
      if (!(await lstat(end)).isSymbolicLink()) return end;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return end;
      throw error;
    }
    end = resolve(dirname(end), await readlink(end));
  }
  return end;
}

/**
 * Looks where an output leads.
 * @param typed absolute
 * @throws {CliError} where no file can be written there
 */
export async function exportPlace(typed: string): Promise<ExportPlace> {
  let path = typed;
  try {
    const facts = await stat(typed).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (facts?.isDirectory() === true) {
      throw new CliError(
        `--output ${terminalText(typed)}: expected a file, and it is a directory`,
        'left',
      );
    }
    // The links of /proc lead to names that nothing can be opened by.
    if (facts?.isFile() === false) return { typed, path, how: 'through', mode: undefined };
    path = await endOfLinks(typed);
    return { typed, path, how: 'replace', mode: facts && facts.mode & 0o777 };
  } catch (error) {
    throw error instanceof CliError ? error : outputError(typed, path, error);
  }
}

/** Whether a path is what a stream writes to already, as `/dev/stdout` is. */
export async function isPlaceOf(stream: CliStream, path: string): Promise<boolean> {
  if (!('fd' in stream) || typeof stream.fd !== 'number') return false;
  try {
    const there = await stat(path);
    const own = fstatSync(stream.fd);
    return there.dev === own.dev && there.ino === own.ino;
  } catch {
    // Nothing is there yet, or the stream is closed.
    return false;
  }
}
