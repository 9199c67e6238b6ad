import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runProgram } from './run-program.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = '']) => code);
const rows = Array.from(
  readme.matchAll(/^\| (.+?) +\| `([\w-]+\.test\.ts)`: (.+?) +\|$/gm),
  ([, behaviour = '', file = '', title = '']) => ({ behaviour, file, title }),
);

const OF_SEVERAL_PACKAGES = new Set(['envelope.test.ts', 'core-jobs.test.ts']);

/** An example as a program that checks what it claims. */
function checked(code: string): string {
  const checks = code.replaceAll(
    /^(.+); \/\/ => (.+)$/gm,
    (_, expression: string, value: string) => `assert.deepStrictEqual(${expression}, ${value});`,
  );
  return `import assert from 'node:assert/strict';\n${checks}`;
}

describe('the README', () => {
  test('shows what is true', async () => {
    expect(examples.map((code) => code.split('// =>').length - 1)).toEqual([1, 1, 1]);
    const ends = await Promise.all(examples.map((code) => runProgram(checked(code))));
    expect(ends).toEqual(ends.map(() => ({ code: 0, signal: null, stdout: '', stderr: '' })));
  });

  test('would be found out', async () => {
    const [first = ''] = examples;
    const { code, stderr } = await runProgram(checked(first.replace('broken.pdf failed', 'lost')));
    expect(code).toBe(1);
    expect(stderr).toContain('AssertionError');
  });

  test('has a row for each behaviour', () => {
    expect(rows.length).toBeGreaterThan(50);
  });

  test.for(rows)('$behaviour: $file has that test', ({ file, title }) => {
    const directory = OF_SEVERAL_PACKAGES.has(file) ? '../../../test' : '.';
    const source = readFileSync(new URL(`${directory}/${file}`, import.meta.url), 'utf8');
    expect(source).toMatch(new RegExp(`\\(\\s*['"\`]${escaped(title)}['"\`],`));
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
