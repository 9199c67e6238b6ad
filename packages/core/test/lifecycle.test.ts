import { afterEach, describe, expect, test, vi } from 'vitest';
import { eachItem, recordOutput, withItem, withRun, withStage } from '@milepost/core';
import {
  type LifecycleEvent,
  type LifecycleListener,
  type StageIdentity,
  subscribeLifecycle,
} from '@milepost/core/hooks';
import { useDiag, useLifecycle } from './telemetry-harness.ts';

const lifecycle = useLifecycle();
const diag = useDiag();

const subscriptions: (() => void)[] = [];
const listen = (listener: LifecycleListener): void =>
  void subscriptions.push(subscribeLifecycle(listener));
afterEach(() => {
  for (const unsubscribe of subscriptions.splice(0)) unsubscribe();
  vi.useRealTimers();
});

const stageIdentity = ({
  run,
  name,
  occurrence,
  attempt,
  executionId,
  parentExecutionId,
}: StageIdentity) => ({
  run: run.runId,
  name,
  occurrence,
  attempt,
  executionId: /^[0-9a-f]{16}$/.test(executionId) ? '<16 hex digits>' : executionId,
  hasParent: parentExecutionId !== undefined,
});

/** An event as plain data, with what differs from run to run replaced where it has the right form. */
function plain(event: LifecycleEvent): Record<string, unknown> {
  return {
    ...event,
    time: event.time > 1.7e12 ? '<time>' : event.time,
    run: event.run.runId,
    ...('stage' in event && event.stage && { stage: stageIdentity(event.stage) }),
    ...('durationSeconds' in event && {
      durationSeconds: event.durationSeconds >= 0 ? '<seconds>' : event.durationSeconds,
    }),
    ...('error' in event &&
      event.error && { error: { ...event.error, stack: typeof event.error.stack } }),
  };
}

test('tells of a small run, whole and in order', async () => {
  await withRun({ pipeline: 'minutes', runId: 'small-1', attributes: { trigger: 'cron' } }, () =>
    withStage(
      'ocr',
      { attributes: { backend: 'tesseract' }, config: { language: 'eng' } },
      async (stage) => {
        stage.count('total_pages', 3);
        stage.setMetadata('batching', { size: 2 });
        await eachItem(['a.pdf', 'b.pdf'], {}, (id) => {
          if (id === 'b.pdf') throw new TypeError('broken');
          recordOutput('/data/out/a.txt');
        });
        withStage('check', () => undefined);
        recordOutput(new URL('file:///data/out/all.txt'));
        stage.set('page_count', 3);
      },
    ),
  );
  const of = { time: '<time>', run: 'small-1', flags: [] };
  const ocr = {
    run: 'small-1',
    name: 'ocr',
    occurrence: 1,
    attempt: 1,
    executionId: '<16 hex digits>',
    hasParent: false,
  };
  const check = { ...ocr, name: 'check', hasParent: true };
  const nothingSaid = {
    reason: undefined,
    counts: {},
    fields: {},
    config: undefined,
    metadata: {},
    items: undefined,
  };
  expect(lifecycle.events.map(plain)).toEqual([
    { ...of, type: 'run_started', fields: { trigger: 'cron' } },
    { ...of, type: 'stage_started', stage: ocr, fields: { backend: 'tesseract' } },
    {
      ...of,
      type: 'output_recorded',
      stage: ocr,
      itemId: 'a.pdf',
      path: '/data/out/a.txt',
    },
    {
      ...of,
      type: 'item_ended',
      stage: ocr,
      itemId: 'a.pdf',
      status: 'completed',
      durationSeconds: '<seconds>',
      error: undefined,
    },
    {
      ...of,
      type: 'item_ended',
      stage: ocr,
      itemId: 'b.pdf',
      status: 'failed',
      durationSeconds: '<seconds>',
      error: { type: 'TypeError', message: 'broken', category: 'program', stack: 'string' },
    },
    { ...of, type: 'stage_started', stage: check, fields: {} },
    {
      ...of,
      ...nothingSaid,
      type: 'stage_ended',
      stage: check,
      status: 'completed',
      willRetry: false,
      durationSeconds: '<seconds>',
      error: undefined,
    },
    {
      ...of,
      type: 'output_recorded',
      stage: ocr,
      itemId: undefined,
      path: '/data/out/all.txt',
    },
    {
      ...of,
      type: 'stage_ended',
      stage: ocr,
      status: 'partial',
      willRetry: false,
      durationSeconds: '<seconds>',
      error: undefined,
      reason: undefined,
      counts: { total_pages: 3 },
      fields: { backend: 'tesseract', page_count: 3 },
      config: { language: 'eng' },
      metadata: { batching: { size: 2 } },
      items: { total: 2, successful: 1, failed: 1 },
    },
    {
      ...of,
      type: 'run_ended',
      status: 'partial',
      durationSeconds: '<seconds>',
      error: undefined,
      reason: undefined,
    },
  ]);
});

test('the fields of a start are those of the start', () => {
  withStage('work', { attributes: { early: 1 } }, (stage) => stage.set('late', 2));
  const started = lifecycle.events.find((event) => event.type === 'stage_started');
  expect(started?.type === 'stage_started' && started.fields).toEqual({ early: 1 });
});

test('the parent of a stage within a stage is that execution', () => {
  withStage('outer', () => withStage('inner', () => undefined));
  const [outer, inner] = lifecycle.events.filter((event) => event.type === 'stage_started');
  expect(inner?.stage.parentExecutionId).toBe(outer?.stage.executionId);
});

test('recordOutput outside any run records nothing, and what is no path harms nobody', () => {
  recordOutput('/data/out.txt');
  withRun({ pipeline: 'outputs' }, () => {
    recordOutput('relative.txt');
    recordOutput(new URL('https://example.org/a'));
    recordOutput(undefined as never);
  });
  const paths = lifecycle.events.flatMap((event) =>
    event.type === 'output_recorded' ? [event.path] : [],
  );
  expect(paths[0]).toBe(`${process.cwd()}/relative.txt`);
});

describe('a listener', () => {
  test('that throws harms neither the call nor the other listeners, and is said', () => {
    const seen: string[] = [];
    listen({
      onEvent() {
        throw new Error('a listener that throws');
      },
    });
    listen({ onEvent: ({ type }) => void seen.push(type) });
    expect(withStage('work', () => withItem('a', () => 5))).toBe(5);
    expect(seen).toEqual([
      'run_started',
      'stage_started',
      'item_ended',
      'stage_ended',
      'run_ended',
    ]);
    expect(diag.messages).toContain(
      'milepost: a listener of the lifecycle feed failed at stage_ended',
    );
  });

  test('hears nothing after it has unsubscribed', () => {
    const seen: string[] = [];
    const unsubscribe = subscribeLifecycle({ onEvent: ({ type }) => void seen.push(type) });
    unsubscribe();
    withStage('work', () => undefined);
    expect(seen).toEqual([]);
  });
});

describe('the record is kept before an asynchronous run gives back', () => {
  const gate = (): { readonly promise: Promise<void>; open: () => void } => {
    let open = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { promise, open };
  };

  test('its promise waits for the flush, after the end of the run was told', async () => {
    const order: string[] = [];
    const { promise, open } = gate();
    listen({
      onEvent: ({ type }) => void order.push(type),
      async flush() {
        order.push('flush');
        await promise;
        order.push('kept');
      },
    });
    const run = withRun({ pipeline: 'kept' }, async () => 'value').then((value) => {
      order.push('settled');
      return value;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['run_started', 'run_ended', 'flush']);
    open();
    expect(await run).toBe('value');
    expect(order).toEqual(['run_started', 'run_ended', 'flush', 'kept', 'settled']);
  });

  test('a rejection waits too, and stays the same', async () => {
    const error = new Error('broken');
    const { promise, open } = gate();
    listen({ onEvent: () => undefined, flush: () => promise });
    const run = withRun({ pipeline: 'kept' }, () => Promise.reject(error));
    open();
    await expect(run).rejects.toBe(error);
  });

  test('a flush that never resolves is waited for a second, and no timer is left', async () => {
    vi.useFakeTimers();
    listen({ onEvent: () => undefined, flush: () => new Promise(() => undefined) });
    let settled = false;
    const run = withRun({ pipeline: 'stuck' }, async () => 'value').finally(() => {
      settled = true;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await run).toBe('value');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a flush that resolves leaves no timer', async () => {
    vi.useFakeTimers();
    listen({ onEvent: () => undefined, flush: async () => undefined });
    await withRun({ pipeline: 'kept' }, async () => 'value');
    expect(vi.getTimerCount()).toBe(0);
  });

  test.for([
    ['rejects', () => Promise.reject(new Error('no disk'))],
    [
      'throws',
      (): Promise<void> => {
        throw new Error('no disk');
      },
    ],
  ] as const)('a flush that %s harms nobody, and is said', async ([, flush]) => {
    listen({ onEvent: () => undefined, flush });
    expect(await withRun({ pipeline: 'broken' }, async () => 'value')).toBe('value');
    expect(diag.messages).toContain('milepost: a listener of the lifecycle feed could not flush');
  });

  test('a run waits for its own record, not for those of others', async () => {
    const kept: (string | undefined)[] = [];
    const { promise, open } = gate();
    listen({
      onEvent: () => undefined,
      flush(runId) {
        kept.push(runId);
        return runId === 'slow' ? promise : Promise.resolve();
      },
    });
    const slow = withRun({ pipeline: 'kept', runId: 'slow' }, async () => 'slow');
    expect(await withRun({ pipeline: 'kept', runId: 'quick' }, async () => 'quick')).toBe('quick');
    expect(kept).toEqual(['slow', 'quick']);
    open();
    expect(await slow).toBe('slow');
  });

  test('a synchronous run does not wait', () => {
    const { promise } = gate();
    listen({ onEvent: () => undefined, flush: () => promise });
    expect(withRun({ pipeline: 'sync' }, () => 'value')).toBe('value');
  });
});
