import { describe, expect, test } from 'vitest';
import { type ProgramEnd, runProgram } from './run-program.ts';

// Each program runs twice: with Milepost, and with functions of the same names that only call what they are given.
// Both ways take as many lines, so that reports name the same ones.

const WITH_US = `import { asStage, eachItem, joinRun, withItem, withRun, withStage } from '@milepost/core';
const ours = true;
`;
const WITH_US_AND_AN_SDK = `import { asStage, eachItem, joinRun, withItem, withRun, withStage } from '@milepost/core';
import { context, trace } from '@opentelemetry/api'; import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'; import { TracerProvider } from '@opentelemetry/sdk-trace'; context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()); trace.setGlobalTracerProvider(new TracerProvider());
`;
const WITH_US_AND_A_RECORD = `import { asStage, eachItem, joinRun, withItem, withRun, withStage } from '@milepost/core';
import { subscribeLifecycle } from '@milepost/core/hooks'; subscribeLifecycle({ onEvent() {}, flush: () => new Promise((resolve) => setTimeout(resolve, 5)) });
`;
const WITHOUT_US = `const call = (...args) => args.at(-1)({}); const [withRun, withStage, withItem, joinRun] = [call, call, call, call];
const asStage = (_, fn) => fn; const eachItem = async (items, _, fn) => { for (const item of items) await fn(item); };
`;

/** What an observer of the process sees: stack frames within the program differ, the report does not. */
function seen({ code, signal, stdout, stderr }: ProgramEnd): unknown {
  const report = stderr
    .split('\n')
    .filter((line) => !line.startsWith('    at '))
    .join('\n');
  return { code, signal, stdout, report };
}

const PROGRAMS: readonly (readonly [name: string, program: string])[] = [
  [
    'a rejection of withStage that nobody awaits',
    `withStage('work', async () => { throw new Error('broken'); });`,
  ],
  [
    'a rejection of withRun that nobody awaits',
    `withRun({ pipeline: 'p' }, async () => { throw new Error('broken'); });`,
  ],
  [
    'a rejection of joinRun that nobody awaits',
    `joinRun('job-1', async () => { throw new Error('broken'); });`,
  ],
  [
    'a rejection of a stage within a run',
    `await withRun({ pipeline: 'p' }, async () => { withStage('work', async () => { throw new Error('broken'); }); await new Promise((resolve) => setTimeout(resolve, 50)); });`,
  ],
  [
    'a rejection of asStage that nobody awaits',
    `asStage('work', async () => { throw new TypeError('broken'); })();`,
  ],
  [
    'a rejection of withItem that nobody awaits',
    `withStage('work', () => { withItem('a', async () => { throw new Error('broken'); }); });`,
  ],
  [
    'a rejection of eachItem that nobody awaits',
    `eachItem([1], { onError: 'throw' }, async () => { throw new Error('broken'); });`,
  ],
  ['a rejection with undefined', `withStage('work', () => Promise.reject(undefined));`],
  ['a rejection with text', `withStage('work', () => Promise.reject('just text'));`],
  [
    'a rejection with an AbortError',
    `withStage('work', () => Promise.reject(AbortSignal.abort().reason));`,
  ],
  [
    'a rejection of a promise with members',
    `withStage('work', () => Object.assign(Promise.reject(new Error('broken')), { kill() {} })).kill();`,
  ],
  [
    'a rejection of a promise that was made before',
    `const made = Promise.reject(new Error('broken')); withStage('work', () => made);`,
  ],
  [
    'an async generator that nobody awaits',
    `withStage('work', async function* () { throw new Error('broken'); }).next();`,
  ],
  [
    'a stream whose error nobody handles',
    `const { Readable } = await import('node:stream'); withStage('work', () => Readable.from((function* () { yield 1; throw new Error('broken'); })())).resume();`,
  ],
  [
    'a web stream that nobody awaits',
    `withStage('work', () => new ReadableStream({ pull() { throw new Error('broken'); } })).getReader().read();`,
  ],
  [
    'an error that nobody catches',
    `withRun({ pipeline: 'p' }, () => withStage('work', () => { throw new Error('broken'); }));`,
  ],
  [
    'an error thrown later',
    `withRun({ pipeline: 'p' }, () => withStage('work', () => setTimeout(() => { throw new Error('broken'); })));`,
  ],
  [
    'a rejection that is awaited at the top',
    `await withRun({ pipeline: 'p' }, () => withStage('work', async () => { throw new Error('broken'); }));`,
  ],
  [
    'each rejection is reported once',
    `process.on('unhandledRejection', (reason) => console.log('unhandled', reason)); withRun({ pipeline: 'p' }, () => withStage('work', () => Promise.reject('once')));`,
  ],
  [
    'a rejection that is handled late',
    `process.on('unhandledRejection', () => console.log('unhandled')); process.on('rejectionHandled', () => console.log('handled')); const late = withStage('work', () => Promise.reject('late')); setTimeout(() => late.catch((reason) => console.log('caught', reason)), 20);`,
  ],
  [
    'a rejection that is handled',
    `process.on('unhandledRejection', () => console.log('unhandled')); withStage('work', () => Promise.reject('x')).catch((reason) => console.log('caught', reason));`,
  ],
  [
    'a stage that never ends',
    `withStage('work', () => new Promise(() => {})); console.log('last line');`,
  ],
  [
    'a stage that is awaited and never ends',
    `await withStage('work', () => new Promise(() => {}));`,
  ],
  [
    'process.exit within a stage',
    `withRun({ pipeline: 'p' }, () => withStage('work', () => process.exit(7)));`,
  ],
  [
    'process.exitCode',
    `process.exitCode = 5; await withRun({ pipeline: 'p' }, async () => withStage('work', async () => {})); console.log(process.exitCode);`,
  ],
  [
    'the end of a process',
    `process.on('beforeExit', (code) => console.log('beforeExit', code)); process.on('exit', (code) => console.log('exit', code)); await withRun({ pipeline: 'p' }, async () => withStage('work', async () => {}));`,
  ],
  [
    'a signal',
    `setInterval(() => {}, 1000); withRun({ pipeline: 'p' }, () => withStage('work', () => process.kill(process.pid, 'SIGTERM')));`,
  ],
  [
    'listeners on the process',
    `const before = JSON.stringify(process.eventNames().map((name) => [String(name), process.listenerCount(name)])); await withRun({ pipeline: 'p' }, async () => { await withStage('work', async () => eachItem([1], {}, () => {})); console.log(before === JSON.stringify(process.eventNames().map((name) => [String(name), process.listenerCount(name)]))); });`,
  ],
];

describe.concurrent('a process ends as it would without us', () => {
  test.for(PROGRAMS)('%s', async ([, program]) => {
    const [without, ...ours] = await Promise.all(
      [WITHOUT_US, WITH_US].map(async (prelude) => seen(await runProgram(prelude + program))),
    );
    expect(ours).toEqual(ours.map(() => without));
  });

  test.for(PROGRAMS.filter(([name]) => /rejection|error/.test(name)).slice(0, 4))(
    '%s, with an SDK and with a record that takes its time',
    async ([, program]) => {
      const [without, ...ours] = await Promise.all(
        [WITHOUT_US, WITH_US_AND_AN_SDK, WITH_US_AND_A_RECORD].map(async (prelude) =>
          seen(await runProgram(prelude + program)),
        ),
      );
      expect(ours).toEqual(ours.map(() => without));
    },
  );
});

test('the programs really end in different ways', async () => {
  const [rejected, exited] = await Promise.all(
    [PROGRAMS[0], PROGRAMS.find(([name]) => name.startsWith('process.exit within'))].map(
      async (one) => seen(await runProgram(WITH_US + String(one?.[1]))),
    ),
  );
  expect(rejected).toMatchObject({ code: 1, report: expect.stringContaining('Error: broken') });
  expect(exited).toMatchObject({ code: 7, report: '' });
});
