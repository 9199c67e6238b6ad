import { describe, expect, test } from 'vitest';
import { type ProcessStat, type WriterIdentity, parseProcessStat } from '../src/writer-identity.ts';
import { type Machine, goneBy } from '../src/writer-life.ts';

const NOW = Date.UTC(2026, 0, 2);
const MINUTE = 60_000;

const WRITER: WriterIdentity = {
  host: 'here',
  pid: 4711,
  threadId: 0,
  processStart: NOW - 60 * MINUTE,
  bootId: 'boot',
  pidNamespace: 'pid:[1]',
  thread: { id: 4711, start: '1000' },
};
/** As on a system without `/proc`. */
const PLAIN = { bootId: undefined, pidNamespace: undefined, thread: undefined };

/** A machine with these threads, by process and thread; it was started a day ago. */
function machine(
  threads: Readonly<Record<string, ProcessStat>>,
  pids: readonly number[],
  self: Partial<WriterIdentity> = {},
): Machine {
  return {
    self: { ...WRITER, pid: 1, thread: { id: 1, start: '1' }, ...self },
    now: () => NOW,
    bootTime: () => NOW - 24 * 60 * MINUTE,
    threadStat: (pid, thread) => threads[`${pid}/${thread}`],
    isRunning: (pid) => pids.includes(pid),
  };
}

const RUNS: ProcessStat = { state: 'S', start: '1000' };

describe('a writer', () => {
  test.for<readonly [string, Machine, Partial<WriterIdentity>, number, string | undefined]>([
    ['runs', machine({ '4711/4711': RUNS }, [4711]), {}, 0, undefined],
    [
      'is stopped for a year',
      machine({ '4711/4711': { ...RUNS, state: 'T' } }, [4711]),
      {},
      365 * 24 * 60,
      undefined,
    ],
    ['is not there', machine({}, []), {}, 0, 'process_gone'],
    [
      'is dead, and its parent did not notice yet',
      machine({ '4711/4711': { ...RUNS, state: 'Z' } }, [4711]),
      {},
      0,
      'process_gone',
    ],
    [
      'has another in its place',
      machine({ '4711/4711': { ...RUNS, start: '2000' } }, [4711]),
      {},
      0,
      'process_replaced',
    ],
    ['may not be looked at', machine({}, [4711]), {}, 59, undefined],
    ['may not be looked at, and is silent for over an hour', machine({}, [4711]), {}, 61, 'silent'],
    [
      'is a thread that ended',
      machine({ '4711/4711': RUNS }, [4711]),
      { threadId: 1, thread: { id: 4720, start: '1500' } },
      0,
      'process_gone',
    ],
    ['is there without /proc', machine({}, [4711], PLAIN), PLAIN, 59, undefined],
    ['is gone without /proc', machine({}, [], PLAIN), PLAIN, 0, 'process_gone'],
    ['is in another container', machine({}, []), { pidNamespace: 'pid:[2]' }, 4, undefined],
    ['is silent in another container', machine({}, []), { pidNamespace: 'pid:[2]' }, 6, 'silent'],
    ['is elsewhere', machine({}, []), { host: 'there', bootId: 'other' }, 4, undefined],
    ['is silent elsewhere', machine({}, []), { host: 'there', bootId: 'other' }, 6, 'silent'],
    [
      'has a clock that is ahead',
      machine({}, []),
      { host: 'there', bootId: 'other' },
      -60,
      undefined,
    ],
    [
      'was here before this boot',
      machine({}, []),
      { bootId: 'other' },
      25 * 60,
      'machine_restarted',
    ],
    ['is on a machine of the same name', machine({}, []), { bootId: 'other' }, 4, undefined],
  ])('that %s', ([, looking, writer, silentMinutes, expected]) => {
    const lastHeartbeat = NOW - silentMinutes * MINUTE;
    expect(goneBy(looking, { ...WRITER, ...writer }, lastHeartbeat)).toBe(expected);
  });
});

test('the name of a program hides neither state nor start of its process', () => {
  const rest = Array.from({ length: 18 }, (_, index) => index).join(' ');
  expect(parseProcessStat(`4711 (a) S 1 (b) R) T ${rest} 98765 0 0`)).toEqual({
    state: 'T',
    start: '98765',
  });
});
