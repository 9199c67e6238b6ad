import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Runs one of the Python programs in `test/python`. */
export function python(program: string, ...args: string[]): string {
  const path = new URL(`python/${program}`, import.meta.url).pathname;
  return execFileSync('python3', ['-B', path, ...args], { encoding: 'utf8' });
}

/** SHA-256 of every file below a directory, the target of every link, and of each its time of change. */
export function fingerprint(root: string, but: readonly string[] = []): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (directory: string): void => {
    for (const name of readdirSync(join(root, directory)).toSorted()) {
      const path = join(directory, name);
      if (but.includes(path)) continue;
      const facts = lstatSync(join(root, path));
      if (facts.isDirectory()) visit(path);
      else if (facts.isSymbolicLink()) found[path] = `-> ${readlinkSync(join(root, path))}`;
      else if (facts.isFile()) {
        const digest = createHash('sha256')
          .update(readFileSync(join(root, path)))
          .digest('hex');
        found[path] = `${digest} ${facts.mtimeMs} ${facts.ino}`;
      }
    }
  };
  visit('');
  return found;
}
