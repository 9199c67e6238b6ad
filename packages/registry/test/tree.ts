import { lstatSync, readFileSync, readdirSync, readlinkSync, existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every file and link below a directory as one line each: `analytics/ocr/latest -> run`. Writers' names are random. The
 * marks of segments that are open are left out.
 */
export function tree(root: string, directory = ''): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(join(root, directory))
    .toSorted()
    .flatMap((name) => {
      const path = directory === '' ? name : `${directory}/${name}`;
      if (path === '.milepost/growing') return [];
      const facts = lstatSync(join(root, path));
      if (facts.isSymbolicLink()) return [`${path} -> ${readlinkSync(join(root, path))}`];
      if (facts.isDirectory()) return tree(root, path);
      return [path.replace(/[0-9a-f]{16}\.jsonl$/, '{writer}.jsonl')];
    });
}

/** The JSON of a file. */
export function readJson(root: string, path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
