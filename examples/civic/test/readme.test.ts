import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const fileOf = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = fileOf('../README.md');

const rows = Array.from(
  readme.matchAll(/^\| .+? +\| `([\w.-]+\.test\.ts)`: (.+?) +\|$/gm),
  ([, file = '', title = '']) => ({ file, title }),
);
const links = Array.from(readme.matchAll(/\]\((src\/[\w./-]+)\)/g), ([, link = '']) => link);

test('the README has rows and links', () => {
  expect([rows.length, links.length]).toEqual([10, 11]);
});

test.for(rows)('$file: $title', ({ file, title }) => {
  expect(fileOf(file)).toContain(`'${title}'`);
});

test.for(links)('%s is there', (link) => {
  expect(fileOf(`../${link}`)).not.toBe('');
});
