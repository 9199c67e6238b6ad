import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type RunningPlace, enterRunning, leaveRunning, runningNow } from '../src/running.ts';

test('holds what has not left, the last to begin first, whatever the order', () => {
  // A number below the count of what is there leaves; another one enters.
  const steps = fc.array(fc.nat({ max: 9 }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (numbers) => {
      const there: RunningPlace[] = [];
      const leave = (index: number): void => {
        const [place] = there.splice(index, 1);
        if (place !== undefined) leaveRunning(place);
      };
      for (const number of numbers) {
        if (number < there.length) leave(number);
        else there.push(enterRunning({ ended: () => undefined }));
        const works = there.map(({ work }) => work).toReversed();
        const running = runningNow();
        expect(running.length === works.length).toBe(true);
        expect(running.every((work, index) => work === works[index])).toBe(true);
        expect(there.every(({ newer }, index) => newer === there[index + 1])).toBe(true);
      }
      while (there.length > 0) leave(0);
      expect(runningNow()).toEqual([]);
    }),
  );
});
