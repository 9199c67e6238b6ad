import { expect, test } from 'vitest';
import { judgeRepeats } from './judge-repeats.ts';
import { type LedgerEntry } from './ledger.ts';

let at = 0;
function logs(sender: string, keys: string[], outcome: LedgerEntry['outcome'] = 'acknowledged') {
  return { at: (at += 1), sender, signal: 'logs', outcome, keys } as const;
}

test('what was on disk and never acknowledged is lost', () => {
  const ledger = [logs('1', ['a']), logs('2', ['b'], 'refused'), logs('2', ['c'], 'unanswered')];
  const { acknowledged, lost } = judgeRepeats(ledger, new Set(['logs a', 'logs b', 'logs c']));
  expect({ acknowledged, lost }).toEqual({ acknowledged: 3, lost: ['logs b', 'logs c'] });
});

test('the last request of a killed sender may come again', () => {
  const ledger = [logs('1', ['a']), logs('1', ['b', 'c']), logs('2', ['b', 'c']), logs('2', ['d'])];
  const { repeatedRequests, duplicateRequests } = judgeRepeats(ledger, new Set());
  expect({ repeatedRequests, duplicateRequests }).toEqual({
    repeatedRequests: 1,
    duplicateRequests: [],
  });
});

test('another may not', () => {
  const ledger = [logs('1', ['a']), logs('1', ['b']), logs('2', ['a'])];
  expect(judgeRepeats(ledger, new Set()).duplicateRequests).toEqual([ledger[0], ledger[2]]);
});

test('a sender may send nothing twice itself', () => {
  const ledger = [logs('1', ['a']), logs('1', ['a'])];
  expect(judgeRepeats(ledger, new Set()).duplicateRequests).toEqual(ledger);
});
