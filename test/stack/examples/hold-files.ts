import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes every file of a directory one whose reading never ends, as on a file system that does not answer: a named pipe that
 * nobody writes to. Whoever reads one waits there, and its event loop goes on.
 * @throws Error where there is no file, so that nobody would wait
 */
export async function holdFiles(directory: string): Promise<void> {
  const files = readdirSync(directory).map((name) => join(directory, name));
  if (files.length === 0) throw new Error(`nobody waits at ${directory}: it is empty`);
  for (const file of files) rmSync(file);
  const making = spawn('mkfifo', files, { stdio: 'inherit' });
  await once(making, 'close');
  if (making.exitCode !== 0) throw new Error(`mkfifo ended with ${String(making.exitCode)}`);
}
