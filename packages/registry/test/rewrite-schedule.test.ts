import { expect, test } from 'vitest';
import { RewriteSchedule } from '../src/rewrite-schedule.ts';
import { HeldClock } from './held-clock.ts';

/** A schedule whose rewrites the test makes itself. */
function schedule() {
  const clock = new HeldClock();
  return { clock, rewrites: new RewriteSchedule(clock, () => undefined) };
}

function rewrite(rewrites: RewriteSchedule, tookMs = 1): void {
  rewrites.begin();
  rewrites.end(tookMs);
}

test('a change of status is due after 250 ms, and one timer waits for all of them', () => {
  const { clock, rewrites } = schedule();
  rewrites.note(true);
  rewrites.note(true);
  expect(clock.due).toEqual([250]);
  rewrite(rewrites);
  expect(clock.due).toEqual([]);
  for (let record = 0; record < 10; record += 1) rewrites.note(true);
  expect(clock.due).toEqual([250]);
});

test('what changes no status is due after a minute, sooner after 10 % growth or a change of status', () => {
  const { clock, rewrites } = schedule();
  for (let record = 0; record < 20; record += 1) rewrites.note(true);
  rewrite(rewrites);
  rewrites.note(false);
  expect(clock.due).toEqual([60_000]);
  rewrites.note(false);
  expect(clock.due).toEqual([250]);
  rewrite(rewrites);
  rewrites.note(false);
  rewrites.note(true);
  expect(clock.due).toEqual([250]);
});

test('a dear rewrite is followed by the next one after 20 times what it took', () => {
  const { clock, rewrites } = schedule();
  rewrites.note(true);
  rewrite(rewrites, 100);
  rewrites.note(true);
  expect(clock.due).toEqual([2000]);
});

test('what comes while rewrites fail is not due, and what comes after one succeeded is', () => {
  const { clock, rewrites } = schedule();
  rewrites.note(true);
  rewrites.begin();
  rewrites.fail();
  rewrites.note(true);
  expect(clock.due).toEqual([]);
  rewrites.begin();
  rewrites.note(true);
  rewrites.end(1);
  expect(clock.due).toEqual([]);
  rewrites.note(true);
  expect(clock.due).toEqual([250]);
});
