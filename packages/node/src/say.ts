import { writeSync } from 'node:fs';

const STDERR = 2;

/**
 * Writes a line to stderr at once, which an end of the process waits for. Never throws: `process.stderr` would tell of a
 * closed pipe by an error that ends the program, and in a worker thread it writes later.
 */
export function say(line: string): void {
  try {
    writeSync(STDERR, `${line}\n`);
  } catch {
    // Nobody reads it.
  }
}
