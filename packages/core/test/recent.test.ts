import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recent } from '../src/recent.ts';

const SIZE = 4;

test('it knows the latest, and only what was said', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(12), { maxLength: 60 }), (keys) => {
      const recent = new Recent<string>(SIZE);
      const asked: number[] = [];
      for (const key of keys) {
        const known = recent.get(String(key));
        const latest = [...new Set(asked.toReversed())].slice(0, SIZE);
        if (latest.includes(key)) expect(known).toBe(`value ${key}`);
        else expect([undefined, `value ${key}`]).toContain(known);
        if (known === undefined) recent.set(String(key), `value ${key}`);
        asked.push(key);
      }
    }),
  );
});

test('it keeps no more than twice its size', () => {
  const recent = new Recent<number>(SIZE);
  const keys = Array.from({ length: 100 }, (_, index) => String(index));
  for (const [value, key] of keys.entries()) recent.set(key, value);
  const kept = keys.filter((key) => recent.get(key) !== undefined);
  expect(kept.length).toBeLessThanOrEqual(2 * SIZE);
});
