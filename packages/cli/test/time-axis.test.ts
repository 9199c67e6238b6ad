import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { barOf } from '../src/time-axis.ts';

const axis = { startTime: 0, endTime: 100 };

describe('a bar', () => {
  test.for([
    [0, 100, '##########'],
    [0, 50, '#####'],
    [50, 100, '     #####'],
    [0, 2, '▏'],
    [53, 54, '     ▏'],
    [100, 100, '         ▏'],
    [-50, 500, '##########'],
    [70, 30, '       ▏'],
  ] as const)('from %d to %d of 100 in 10 cells', ([startTime, endTime, drawn]) => {
    expect(barOf({ startTime, endTime }, axis, 10, '#')).toBe(drawn);
  });

  test('on an axis of no length is a mark', () => {
    const moment = { startTime: 7, endTime: 7 };
    expect(barOf(moment, moment, 10, '#')).toBe('▏');
  });

  test('is never off by a whole cell, never empty and never beyond the axis', () => {
    const time = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(time, time, fc.integer({ min: 1, max: 200 }), (a, b, width) => {
        const span = { startTime: Math.min(a, b), endTime: Math.max(a, b) };
        const drawn = barOf(span, axis, width, '#');
        const cells = drawn.trimStart().length;
        const exact = ((span.endTime - span.startTime) / 100) * width;
        expect(drawn.length).toBeLessThanOrEqual(width);
        expect(cells).toBeGreaterThan(0);
        expect(Math.abs(cells - Math.max(1, exact))).toBeLessThanOrEqual(1);
        expect(Math.abs(drawn.length - cells - (span.startTime / 100) * width)).toBeLessThanOrEqual(
          1,
        );
      }),
    );
  });

  test('begins where the one before it ends', () => {
    const time = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(fc.tuple(time, time, time), (times) => {
        const [a = 0, b = 0, c = 0] = times.toSorted((x, y) => x - y);
        const first = barOf({ startTime: a, endTime: b }, axis, 50, '#');
        const second = barOf({ startTime: b, endTime: c }, axis, 50, '#');
        fc.pre(first.includes('#') && second.includes('#'));
        expect(second.length - second.trimStart().length).toBe(first.length);
      }),
    );
  });
});
