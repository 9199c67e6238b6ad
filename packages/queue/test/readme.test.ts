import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SITUATIONS } from './situations.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const rows = Array.from(
  readme.matchAll(
    /^\| (.+?) +\| `((?:test\/(?:stack\/)?)?[\w-]+(?:\.stack)?\.test\.ts)`: (.+?) +\|$/gm,
  ),
  ([, situation = '', file = '', title = '']) => ({ situation, file, title }),
);

function sourceOf(file: string): string {
  const path = file.startsWith('test/') ? `../../../${file}` : file;
  const source = readFileSync(new URL(path, import.meta.url), 'utf8');
  // Their names are in the table of programs.
  return file === 'same-as-plain.stack.test.ts'
    ? readFileSync(new URL('situations.ts', import.meta.url), 'utf8')
    : source;
}

describe('the README', () => {
  test('has a row for each situation that is compared with plain BullMQ', () => {
    const compared = rows.filter(({ file }) => file === 'same-as-plain.stack.test.ts');
    const programs = SITUATIONS.map(({ name }) => name);
    expect(programs.length).toBeGreaterThan(20);
    expect(compared.map(({ title }) => title).toSorted()).toEqual(programs.toSorted());
  });

  test.for(rows)('$situation: $file has that test', ({ file, title }) => {
    expect(sourceOf(file)).toMatch(new RegExp(`['"\`]${escaped(title)}['"\`]`));
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
