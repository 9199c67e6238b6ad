import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { expect, test } from 'vitest';

test('the thread of the end loads nothing but builtins and its neighbours', () => {
  const files = new Set([new URL('../src/exit-sender.ts', import.meta.url).href]);
  const others = new Set<string>();
  for (const file of files) {
    for (const [, name = ''] of readFileSync(new URL(file), 'utf8').matchAll(/ from '([^']+)'/g)) {
      if (name.startsWith('./')) files.add(new URL(name, file).href);
      else if (!isBuiltin(name)) others.add(name);
    }
  }
  expect([...others]).toEqual([]);
  expect(files.size).toBeGreaterThan(5);
});
