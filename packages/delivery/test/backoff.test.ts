import { expect, test } from 'vitest';
import { Backoff } from '../src/backoff.ts';

const middle = { random: () => 0.5 };

test('pauses grow to a bound, and begin anew after a success', () => {
  const backoff = new Backoff({ firstMs: 1_000, maxMs: 3_000, ...middle });
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([1_000, 1_500, 2_250, 3_000, 3_000]);
  backoff.reset();
  expect(backoff.next()).toBe(1_000);
});

test('jitter is a fifth, to both sides', () => {
  expect(new Backoff({ firstMs: 1_000, random: () => 0 }).next()).toBe(800);
  expect(new Backoff({ firstMs: 1_000, random: () => 1 }).next()).toBe(1_200);
});

test('what a server asks for is waited for at least, but it cannot do away with the pauses', () => {
  const backoff = new Backoff({ firstMs: 1_000, random: () => 0.5 });
  expect(backoff.next(60_000)).toBe(60_100);
  expect(backoff.next(60_000)).toBe(60_100);
  expect(backoff.next(0)).toBe(2_250);
});
