import { expect, test } from 'vitest';
import { retryAfterMs } from '../src/retry-after.ts';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

test.for<readonly [header: string | undefined, ms: number | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  ['2', 2_000],
  [' 120 ', 120_000],
  ['99999999999999999999', 86_400_000],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['5 minutes', undefined],
  ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
  ['Sunday, 22-Nov-26 12:00:30 GMT', 30_000],
  ['Sun Nov 22 12:00:30 2026 GMT', 30_000],
  ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ['Wed, 99 Oct 2015', undefined],
])('Retry-After: %s is %s ms', ([header, expected]) => {
  expect(retryAfterMs(header, NOW)).toBe(expected);
});
