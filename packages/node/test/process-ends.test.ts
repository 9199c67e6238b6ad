import { describe, expect, test } from 'vitest';
import { type ProgramEnd, runEndProgram } from './end-programs/run-end-program.ts';
import { scenarios } from './end-programs/scenarios.ts';

// Each program runs twice, alone and watched: its exit code, its signal, its own output and the report that Node.js writes
// have to be the same.

function ofItsOwn({ code, signal, said, stderr }: ProgramEnd): object {
  // Which lines of Node.js call a listener depends on how many there are.
  return { code, signal, said, stderr: stderr.replaceAll(/\(node:.*\)/g, '(node)') };
}

const exit = (code: number, isDrained = false): string =>
  JSON.stringify({ kind: 'exit', code, isDrained });
const error = (what: string): string => JSON.stringify({ kind: 'error', error: what });
const killed = (signal: string): string => JSON.stringify({ kind: 'signal', signal });
const BROKEN = 'TypeError: broken';
const PRECAUTION = 'precaution';

const noticed: Readonly<Record<string, readonly string[]>> = {
  'ends by itself': [exit(0, true)],
  'ends by itself with an exit code': [exit(4, true)],
  'goes on at beforeExit, then ends': [exit(0, true)],
  'awaits what never settles': [exit(13, true)],
  'calls process.exit': [exit(3)],
  'calls process.exit in a timer': [exit(3)],
  throws: [error(BROKEN)],
  'throws in a timer': [error(BROKEN)],
  'throws undefined': [error('undefined')],
  rejects: [error(BROKEN)],
  'exits where it catches what nobody caught': [error(BROKEN)],
  'goes on where it catches what nobody caught, and exits later': [exit(7)],
  'goes on where it handles a rejection': [exit(0, true)],
  'exits in an exit listener': [exit(0, true)],
  'throws in an exit listener': [exit(0, true)],
  'sets the exit code in an exit listener': [exit(0, true)],
  'kills itself': [],

  'does not listen': [killed('SIGTERM')],
  'exits in its listener': [PRECAUTION, exit(0)],
  'ends its work in its listener': [PRECAUTION, exit(0, true)],
  'ends its work in a listener that came first': [PRECAUTION, exit(0, true)],
  'takes its time once, and is told twice': [PRECAUTION, killed('SIGTERM')],
  'listens, and is told twice': [PRECAUTION, PRECAUTION, exit(0)],
  'passes the signal on': [PRECAUTION, killed('SIGTERM')],
  'passes the signal on by its number': [PRECAUTION, killed('SIGTERM')],
  'passes the signal on later': [PRECAUTION, killed('SIGTERM')],
  'has only listeners that count': [PRECAUTION, killed('SIGTERM')],
  'has only listeners that count, of two versions': [PRECAUTION, PRECAUTION, killed('SIGTERM')],
  'has a listener that counts and lives on': [PRECAUTION, exit(9)],
  'has a listener that counts, and one of its own': [PRECAUTION, exit(8)],
  'asks in its listener how many listen': [PRECAUTION, exit(0)],
  'took all listeners off': [killed('SIGTERM')],
  'took all listeners off and put one on': [PRECAUTION, exit(2)],
  'throws in its listener': [PRECAUTION, error(BROKEN)],
  'tells itself of a signal that nobody sent': [exit(0, true)],
  'replaces process.kill in its listener': [PRECAUTION, killed('SIGTERM')],
};

describe('a program that', () => {
  test.for(Object.entries(noticed))('%s ends as without us', async ([scenario, expected]) => {
    const [alone, watched] = await Promise.all([
      runEndProgram('plain', scenario),
      runEndProgram('watched', scenario),
    ]);
    expect(ofItsOwn(watched)).toEqual(ofItsOwn(alone));
    expect(watched.noticed).toEqual(expected);
  });

  test('is any of the programs is held against what is noticed of it', () => {
    expect(Object.keys(noticed)).toEqual(Object.keys(scenarios));
  });

  test.for(['SIGINT', 'SIGHUP'] as const)('gets %s dies of it, or not', async (signal) => {
    for (const [scenario, expected] of [
      ['does not listen', [killed(signal)]],
      ['exits in its listener', [PRECAUTION, exit(0)]],
      ['has only listeners that count', [PRECAUTION, killed(signal)]],
    ] as const) {
      const alone = await runEndProgram('plain', scenario, { signal });
      const watched = await runEndProgram('watched', scenario, { signal });
      expect(ofItsOwn(watched)).toEqual(ofItsOwn(alone));
      expect(watched.noticed).toEqual(expected);
    }
  });

  test.for(['does not listen', 'exits in its listener', 'throws', 'calls process.exit'])(
    '%s ends as without us where our end breaks',
    async (scenario) => {
      const alone = await runEndProgram('plain', scenario);
      const broken = await runEndProgram('broken', scenario);
      expect(ofItsOwn(broken)).toEqual(ofItsOwn(alone));
      expect(broken.noticed).toEqual(noticed[scenario]);
    },
  );

  test.for(['does not listen', 'exits in its listener'])(
    '%s gets its signals alone where they are left alone',
    async (scenario) => {
      const alone = await runEndProgram('plain', scenario);
      const watched = await runEndProgram('without signals', scenario);
      expect(ofItsOwn(watched)).toEqual(ofItsOwn(alone));
      expect(watched.noticed).toEqual(alone.code === 0 ? [exit(0)] : []);
    },
  );
});

describe('a worker thread that', () => {
  test.for<[scenario: string, code: number, expected: string[]]>([
    ['ends by itself', 0, [exit(0, true)]],
    ['calls process.exit', 3, [exit(3)]],
    ['throws in a timer', 1, [error(BROKEN)]],
    ['rejects', 1, [error(BROKEN)]],
    ['tells itself of a signal that nobody sent', 0, [exit(0, true)]],
  ])('%s ends as without us', async ([scenario, code, expected]) => {
    const [alone, watched] = await Promise.all([
      runEndProgram('plain', scenario, { where: 'thread' }),
      runEndProgram('watched', scenario, { where: 'thread' }),
    ]);
    expect(ofItsOwn(watched)).toEqual(ofItsOwn(alone));
    expect(watched.said).toContain(`worker exit: ${code}`);
    expect(watched.noticed).toEqual(expected);
  });
});
