import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { expect, test } from 'vitest';

/** What a module names: `from '…'`, `import '…'`, `import('…')`, `require('…')`, in either quotes. */
const NAMED = /\b(?:from|import|require|resolve)\b\s*\(?\s*(['"`])(.*?)\1/g;

function importsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return Array.from(code.matchAll(NAMED), ([, , name = '']) => name);
}

test('every way to load a module is seen', () => {
  const source = `
    import { a } from 'static';
    import 'for-its-effect';
    import type { B } from "double";
    export * from 'passed-on';
    // import 'in-a-comment';
    const c = await import('dynamic'), d = import(\`in-backticks\`);
    const e = require('old'), f = import.meta.resolve('resolved');
  `;
  expect(importsOf(source)).toEqual([
    'static',
    'for-its-effect',
    'double',
    'passed-on',
    'dynamic',
    'in-backticks',
    'old',
    'resolved',
  ]);
});

test('the thread of the end loads nothing but builtins and its neighbours', () => {
  const files = new Set([new URL('../src/exit-sender.ts', import.meta.url).href]);
  const others = new Set<string>();
  for (const file of files) {
    for (const name of importsOf(readFileSync(new URL(file), 'utf8'))) {
      if (name.startsWith('./')) files.add(new URL(name, file).href);
      else if (!isBuiltin(name)) others.add(name);
    }
  }
  expect([...others]).toEqual([]);
  expect(files.size).toBeGreaterThan(5);
});
