import { describe, expect, test } from 'vitest';
import { type Classifier, eachItem, withItem, withRun, withStage } from '@milepost/core';
import { useLifecycle, useSdk } from './telemetry-harness.ts';

useSdk();
const lifecycle = useLifecycle();

const told: () => readonly string[] = () =>
  lifecycle.events.flatMap((event) => {
    if (event.type === 'run_ended') return [`run ${event.status} ${event.error?.category ?? ''}`];
    if (event.type === 'stage_ended') {
      return [`${event.stage.name} ${event.status} ${event.error?.category ?? ''}`];
    }
    return event.type === 'item_ended'
      ? [`${event.itemId} ${event.status} ${event.error?.category ?? ''}`]
      : [];
  });

describe('the classifier of a run', () => {
  const classify: Classifier = (outcome) =>
    'error' in outcome ? { category: 'ocr_failed' } : { status: 'failed', category: 'bad_value' };

  test('names the errors of its stages and items, not their values', () => {
    expect(() =>
      withRun({ pipeline: 'p', classify }, () => {
        withStage('fine', () => withItem('a', () => 1));
        withStage('broken', () =>
          withItem('b', () => {
            throw new Error('no');
          }),
        );
      }),
    ).toThrow('no');
    expect(told()).toEqual([
      'a completed ',
      'fine completed ',
      'b failed ocr_failed',
      'broken failed ocr_failed',
      'run failed ocr_failed',
    ]);
  });

  test('gives way to that of a stage, which says nothing about its items', () => {
    expect(() =>
      withRun({ pipeline: 'p', classify }, () =>
        withStage('broken', { classify: () => ({ category: 'of_stage' }) }, () =>
          withItem('b', () => {
            throw new Error('no');
          }),
        ),
      ),
    ).toThrow('no');
    expect(told()).toEqual([
      'b failed ocr_failed',
      'broken failed of_stage',
      'run failed ocr_failed',
    ]);
  });
});

test('the signal of a run cancels its stages and items, and eachItem starts no further one', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const run = withRun({ pipeline: 'p', signal: controller.signal }, () =>
    withStage('work', () =>
      eachItem(['a', 'b', 'c'], {}, (item) => {
        if (item !== 'b') return;
        controller.abort(reason);
        throw reason;
      }),
    ),
  );
  await expect(run).rejects.toBe(reason);
  expect(told()).toEqual(['a completed ', 'b cancelled ', 'work cancelled ', 'run cancelled ']);
});
