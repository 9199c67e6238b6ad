import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { joinRun, withItem, withRun, withStage } from '@milepost/core';
import { type LifecycleEvent, type ProcessEnding, endRunning } from '@milepost/core/hooks';
import { runProgram } from './run-program.ts';
import {
  everythingExported,
  plainLog,
  spanTree,
  useDiag,
  useLifecycle,
  useSdk,
} from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();
const diag = useDiag();

// What one test leaves running would be there in the next.
afterEach(() => endRunning({ kind: 'exit', code: 0 }));

const never = (): Promise<never> => new Promise(() => {});

/** What ended, in order: `run minutes cancelled (SIGTERM)`. */
function ends(events: readonly LifecycleEvent[]): readonly string[] {
  return events.flatMap((event) => {
    switch (event.type) {
      case 'run_ended':
        return [`run ${event.run.pipeline} ${event.status}${why(event.error, event.reason)}`];
      case 'stage_ended':
        return [`stage ${event.stage.name} ${event.status}${why(event.error, event.reason)}`];
      case 'item_ended':
        return [`item ${event.itemId} ${event.status}${why(event.error, undefined)}`];
      default:
        return [];
    }
  });
}

function why(
  error: { readonly type: string; readonly message: string; readonly category: string } | undefined,
  reason: string | undefined,
): string {
  if (error !== undefined) return ` (${error.type}, ${error.category}: ${error.message})`;
  return reason === undefined ? '' : ` (${reason})`;
}

test('everything under way ends, the innermost first, with all its signals', async () => {
  void withRun({ pipeline: 'minutes', runId: 'ended-1', itemSpans: 'all' }, async () => {
    await withStage('fetch', async (stage) => stage.count('total_pdfs', 2));
    return withStage('ocr', async (stage) => {
      stage.set('page_count', 3);
      await withItem('a.pdf', async () => 'text');
      void withStage('render', never);
      return withItem('b.pdf', never);
    });
  });
  await new Promise(setImmediate);
  endRunning({ kind: 'signal', signal: 'SIGTERM' });

  expect(ends(lifecycle.events)).toEqual([
    'stage fetch completed',
    'item a.pdf completed',
    'item b.pdf cancelled',
    'stage render cancelled (SIGTERM)',
    'stage ocr cancelled (SIGTERM)',
    'run minutes cancelled (SIGTERM)',
  ]);
  const ocr = lifecycle.events.find(
    (event) => event.type === 'stage_ended' && event.stage.name === 'ocr',
  );
  expect(ocr).toMatchObject({
    fields: { page_count: 3 },
    items: { total: 2, successful: 1, failed: 0 },
  });
  expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
    "
    minutes (run) reason="SIGTERM" status="cancelled"
      fetch (stage) status="completed" total_pdfs=2
      ocr (stage) items.failed=0 items.successful=1 items.total=2 page_count=3 reason="SIGTERM" status="cancelled"
        item (item) item.id="a.pdf" status="completed"
        render (stage) reason="SIGTERM" status="cancelled"
        item (item) item.id="b.pdf" status="cancelled"
    "
  `);
  expect(telemetry.sdk.logs.slice(-3).map(plainLog)).toMatchInlineSnapshot(`
    [
      {
        "attributes": {
          "attempt": 1,
          "duration.seconds": "<seconds>",
          "end_time": "<time>",
          "level": "warning",
          "pipeline": "minutes",
          "reason": "SIGTERM",
          "retry_count": 0,
          "run.id": "ended-1",
          "stage": "render",
          "start_time": "<time>",
          "status": "cancelled",
        },
        "body": "render_cancelled",
        "event": "render_cancelled",
        "severity": "WARN",
      },
      {
        "attributes": {
          "attempt": 1,
          "duration.seconds": "<seconds>",
          "end_time": "<time>",
          "items.failed": 0,
          "items.successful": 1,
          "items.total": 2,
          "level": "warning",
          "page_count": 3,
          "pipeline": "minutes",
          "reason": "SIGTERM",
          "retry_count": 0,
          "run.id": "ended-1",
          "stage": "ocr",
          "start_time": "<time>",
          "status": "cancelled",
        },
        "body": "ocr_cancelled",
        "event": "ocr_cancelled",
        "severity": "WARN",
      },
      {
        "attributes": {
          "attempt": 1,
          "duration.seconds": "<seconds>",
          "end_time": "<time>",
          "level": "warning",
          "pipeline": "minutes",
          "reason": "SIGTERM",
          "retry_count": 0,
          "run.id": "ended-1",
          "start_time": "<time>",
          "status": "cancelled",
        },
        "body": "run_cancelled",
        "event": "run_cancelled",
        "severity": "WARN",
      },
    ]
  `);
  expect(await telemetry.sdk.metricsOf('minutes')).toMatchObject({
    'pipeline.stage.active': { points: { 'stage=ocr': 0, 'stage=render': 0 } },
    'pipeline.stage.runs': { points: { 'stage=ocr status=cancelled': 1 } },
    'pipeline.stage.duration': { points: { 'stage=ocr status=cancelled': 1 } },
    'pipeline.runs': { points: { 'status=cancelled': 1 } },
  });
});

class OcrError extends TypeError {
  override readonly name = 'OcrError';
}

const ENDINGS: readonly (readonly [outcome: string, ending: ProcessEnding])[] = [
  ['cancelled (SIGINT)', { kind: 'signal', signal: 'SIGINT' }],
  ['cancelled (the process exited with code 0)', { kind: 'exit', code: 0 }],
  [
    'cancelled (the process exited with code 0: nothing was left to wait for)',
    { kind: 'exit', code: 0, isDrained: true },
  ],
  ['failed (ProcessExit, unknown: the process exited with code 3)', { kind: 'exit', code: 3 }],
  [
    'failed (ProcessExit, unknown: the process exited with code 13: a top-level await never settled)',
    { kind: 'exit', code: 13, isDrained: true },
  ],
  ['failed (OcrError, unknown: no text)', { kind: 'error', error: new OcrError('no text') }],
  [
    'failed (ECONNREFUSED, network: connect)',
    { kind: 'error', error: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) },
  ],
  ['failed (undefined, unknown: undefined)', { kind: 'error', error: undefined }],
];

test.for(ENDINGS)('%s', ([outcome, ending]) => {
  void withRun({ pipeline: 'p' }, () => withStage('work', () => withItem('a', never)));
  endRunning(ending);
  const ofItem = outcome.startsWith('cancelled') ? 'cancelled' : outcome;
  expect(ends(lifecycle.events)).toEqual([
    `item a ${ofItem}`,
    `stage work ${outcome}`,
    `run p ${outcome}`,
  ]);
});

test('what becomes of the work later is the caller’s, and is not recorded', async () => {
  const fetched = Promise.withResolvers<string>();
  const failing = Promise.withResolvers<never>();
  const stages = withRun({ pipeline: 'late' }, () =>
    Promise.allSettled([
      withStage('fetch', async (stage) => {
        const text = await fetched.promise;
        stage.set('page_count', 1);
        stage.count('total_pages');
        return text;
      }),
      withStage('ocr', () => failing.promise),
    ]),
  );
  endRunning({ kind: 'signal', signal: 'SIGTERM' });
  const recorded = everythingExported(telemetry.sdk);
  const told = lifecycle.events.length;
  const error = new Error('broken');
  fetched.resolve('text');
  failing.reject(error);
  expect(await stages).toEqual([
    { status: 'fulfilled', value: 'text' },
    { status: 'rejected', reason: error },
  ]);
  expect(everythingExported(telemetry.sdk)).toBe(recorded);
  expect(lifecycle.events).toHaveLength(told);
  expect(diag.messages).toEqual([
    'milepost: something was said about a stage (fetch) after its end, and dropped',
  ]);
});

describe('what is still consumed', () => {
  const chunks = ['a', 'b', 'c'];
  test.for<readonly [name: string, make: () => AsyncIterable<string> | Iterable<string>]>([
    ['a generator', () => chunks.values()],
    [
      'an async generator',
      async function* () {
        yield* chunks;
      },
    ],
    ['a web stream', () => ReadableStream.from(chunks)],
    ['a Node stream', () => Readable.from(chunks)],
  ])('%s ends, and gives the rest all the same', async ([, make]) => {
    const given: string[] = [];
    for await (const chunk of withStage('read', make)) {
      given.push(chunk);
      if (given.length === 2) endRunning({ kind: 'exit', code: 1 });
    }
    expect(given).toEqual(chunks);
    expect(ends(lifecycle.events)).toEqual([
      'stage read failed (ProcessExit, unknown: the process exited with code 1)',
      'run read failed (ProcessExit, unknown: the process exited with code 1)',
    ]);
  });
});

test('an end of the process is final, and no function of the user’s is asked', () => {
  const asked: unknown[] = [];
  const ask = (given: unknown): undefined => void asked.push(given);
  void withRun({ pipeline: 'p', classify: ask }, () =>
    withStage('work', { willRetry: true, classify: ask }, never),
  );
  void withStage('other', { willRetry: () => asked.push('willRetry') > 0 }, never);
  endRunning({ kind: 'error', error: new Error('broken') });
  expect(asked).toEqual([]);
  const retried = lifecycle.events.map((event) => event.type === 'stage_ended' && event.willRetry);
  expect(retried).not.toContain(true);
  expect(ends(lifecycle.events)).toHaveLength(4);
});

test('a joined run goes on elsewhere', () => {
  void joinRun('joined-1', { pipeline: 'p' }, () => withStage('work', never));
  endRunning({ kind: 'signal', signal: 'SIGTERM' });
  expect(ends(lifecycle.events)).toEqual(['stage work cancelled (SIGTERM)']);
});

test('what ended is not ended again', async () => {
  await withRun({ pipeline: 'p' }, () => withStage('work', async () => withItem('a', () => 1)));
  for (const value of withStage('read', () => [1].values())) void value;
  const told = lifecycle.events.length;
  endRunning({ kind: 'signal', signal: 'SIGTERM' });
  endRunning({ kind: 'signal', signal: 'SIGTERM' });
  expect(lifecycle.events).toHaveLength(told);
});

test('those that end in the middle leave the others running', async () => {
  const [first, second, third] = [1, 2, 3].map(() => Promise.withResolvers<void>());
  const stages = [first, second, third].map((one, index) =>
    withStage(`stage ${index + 1}`, () => one?.promise),
  );
  second?.resolve();
  await stages[1];
  void withStage('stage 4', never);
  third?.resolve();
  await stages[2];
  lifecycle.events.length = 0;
  endRunning({ kind: 'signal', signal: 'SIGTERM' });
  expect(ends(lifecycle.events).filter((line) => line.startsWith('stage'))).toEqual([
    'stage stage 4 cancelled (SIGTERM)',
    'stage stage 1 cancelled (SIGTERM)',
  ]);
});

test('two copies of this package know of each other’s', async () => {
  vi.resetModules();
  const other = await import('@milepost/core');
  expect(other.withStage).not.toBe(withStage);
  void other.withRun({ pipeline: 'p' }, () =>
    withStage('ours', () => other.withStage('theirs', never)),
  );
  endRunning({ kind: 'signal', signal: 'SIGTERM' });
  expect(ends(lifecycle.events)).toEqual([
    'stage theirs cancelled (SIGTERM)',
    'stage ours cancelled (SIGTERM)',
    'run p cancelled (SIGTERM)',
  ]);
});

/** Collects garbage until something happens. */
async function collectUntil(happened: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('garbage cannot be collected here');
  for (let round = 0; round < 100 && !happened(); round += 1) {
    Reflect.apply(collect, undefined, []);
    await new Promise(setImmediate);
  }
}

test.for<readonly [name: string, begin: () => void]>([
  [
    'a generator',
    () => {
      withStage('read', function* () {
        yield 1;
        yield 2;
      }).next();
    },
  ],
  [
    'a web stream',
    () => {
      withStage('read', () => ReadableStream.from([1, 2]));
    },
  ],
  [
    'a Node stream',
    () => {
      withStage('read', () => Readable.from([1, 2]));
    },
  ],
])('%s that its consumer dropped half-read ends when it is collected', async ([, begin]) => {
  begin();
  expect(ends(lifecycle.events)).toEqual([]);
  await collectUntil(() => ends(lifecycle.events).length > 0);
  expect(ends(lifecycle.events)).toEqual([
    'stage read cancelled (the consumer dropped it before its end)',
    'run read cancelled (the consumer dropped it before its end)',
  ]);
});

test('a generator of which somebody still holds a step is not dropped', async () => {
  const next = (() => {
    const { next: step } = withStage('read', () => [1, 2].values());
    return step;
  })();
  const probe = new FinalizationRegistry<string>((name) => collected.push(name));
  const collected: string[] = [];
  (() => probe.register({}, 'something else'))();
  await collectUntil(() => collected.length > 0);
  expect(ends(lifecycle.events)).toEqual([]);
  expect(next().value).toBe(1);
});

describe('a process that ends', () => {
  const prelude = `import { withRun, withStage } from '@milepost/core';
import { endRunning, subscribeLifecycle } from '@milepost/core/hooks';
const ended = [];
subscribeLifecycle({ onEvent(event) { if (event.type.endsWith('_ended')) ended.push([event.type, event.status, event.reason ?? event.error.message].join(' ')); } });
let uncaught;
process.on('uncaughtExceptionMonitor', (error) => { uncaught = { kind: 'error', error }; });
process.on('exit', (code) => { endRunning(uncaught ?? { kind: 'exit', code }); console.log(ended.join('\\n')); });
`;
  test.for<readonly [name: string, program: string, code: number, why: string]>([
    [
      'process.exit within a stage',
      `withRun({ pipeline: 'p' }, () => withStage('work', () => process.exit(3)));`,
      3,
      'failed the process exited with code 3',
    ],
    [
      'process.exit(0) within a stage',
      `withRun({ pipeline: 'p' }, () => withStage('work', async () => { await 1; process.exit(0); }));`,
      0,
      'cancelled the process exited with code 0',
    ],
    [
      'a promise that never settles',
      `withRun({ pipeline: 'p' }, () => withStage('work', () => new Promise(() => {})));`,
      0,
      'cancelled the process exited with code 0',
    ],
    [
      'a top-level await that never settles',
      `await withRun({ pipeline: 'p' }, () => withStage('work', () => new Promise(() => {})));`,
      13,
      'failed the process exited with code 13: a top-level await never settled',
    ],
    [
      'an error that nobody catches',
      `withRun({ pipeline: 'p' }, () => withStage('work', () => new Promise(() => { setTimeout(() => { throw new Error('broken'); }); })));`,
      1,
      'failed broken',
    ],
  ])('%s', async ([, program, code, why]) => {
    const end = await runProgram(prelude + program);
    expect({ code: end.code, stdout: end.stdout }).toEqual({
      code,
      stdout: `stage_ended ${why}\nrun_ended ${why}\n`,
    });
  });
});
