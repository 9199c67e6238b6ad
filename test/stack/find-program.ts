import { constants, accessSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Finds the program of a real server: in the directory MILEPOST_STACK_BIN, else on the path.
 * @returns its absolute path
 * @throws Error that says how to get it; a test that needs a server fails without one and is never skipped
 */
export function findProgram(name: string): string {
  const { MILEPOST_STACK_BIN: stack, PATH: path = '' } = process.env;
  const directories = [...(stack ? [stack] : []), ...path.split(delimiter).filter(Boolean)];
  const found = directories.map((directory) => join(directory, name)).find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    `${name} is needed: install it, or name a directory that has it in MILEPOST_STACK_BIN`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: the next directory may have it.
    return false;
  }
}
