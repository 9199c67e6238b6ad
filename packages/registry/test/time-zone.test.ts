import { expect, test } from 'vitest';
import { parseTimeZone } from '../src/time-zone.ts';

test.for([
  ['Europe/Berlin', '2026-01-16T21:40:00.123456', '+01:00'],
  ['Europe/Berlin', '2026-07-01 12:00', '+02:00'],
  // Shown twice: by the clock before the change, then by the one after it.
  ['Europe/Berlin', '2026-10-25T02:30:00', '+02:00'],
  ['America/New_York', '2026-11-01T01:30:00', '-04:00'],
  // Never shown.
  ['Europe/Berlin', '2026-03-29T02:30:00', '+01:00'],
  ['America/New_York', '2026-03-08T03:00:00', '-04:00'],
  ['Asia/Kolkata', '2026-01-16T00:00:00', '+05:30'],
  ['America/St_Johns', '2026-01-16T00:00:00', '-03:30'],
  ['UTC', '2026-01-16T00:00:00', '+00:00'],
  ['+02:00', '2026-01-16T00:00:00', '+02:00'],
  ['-0930', '2026-01-16T00:00:00', '-09:30'],
] as const)('in %s, %s has the offset %s', ([zone, time, offset]) => {
  expect(parseTimeZone(zone)(time)).toBe(time + offset);
});

test.for([
  '2026-01-16T21:40:00Z',
  '2026-01-16T21:40:00+02:00',
  '2026-01-16',
  'yesterday',
  '',
  '9999-99-99T99:99',
])('%j stays as it is', (text) => {
  expect(parseTimeZone('Europe/Berlin')(text)).toBe(text);
});

test.for(['Mars/Olympus', '', '+25:00', 'CEST summer'])('%j is no zone', (zone) => {
  expect(() => parseTimeZone(zone)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
});
