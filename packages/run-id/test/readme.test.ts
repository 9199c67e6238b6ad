import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const packagePath = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = '']) => code);

const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

const temporary = mkdtempSync(join(tmpdir(), 'run-id-readme-'));
afterAll(() => {
  rmSync(temporary, { recursive: true });
});

/** Runs a block of the README as a program that checks what it claims, and says how many claims it has. */
function checkClaims(code: string): number {
  let claims = 0;
  const checks = code.replaceAll(
    /^(.+); \/\/ => (.+)$/gm,
    (_, expression: string, value: string) => {
      claims += 1;
      return `assert.deepStrictEqual(${expression}, ${value});`;
    },
  );
  const program = `import assert from 'node:assert/strict';\n${checks}`;
  execFileSync(process.execPath, [...conditions, '--input-type=module', '--eval', program], {
    cwd: packagePath,
    env: { ...process.env, TMPDIR: temporary },
    stdio: 'pipe',
  });
  return claims;
}

test('what the README shows is true', () => {
  expect(examples.map(checkClaims)).toEqual([6, 3, 8]);
});

test('a false claim in the README would be found', () => {
  const [first = ''] = examples;
  expect(() => checkClaims(first.replace('// => true', '// => false'))).toThrow('AssertionError');
});
