import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shellWord } from '../src/shell-word.ts';
import { itemText, terminalText } from '../src/terminal-text.ts';

describe('a text from outside', () => {
  test.for([
    ['03-invalid.pdf', '03-invalid.pdf'],
    ['https://example.org/?a=1&b=2', 'https://example.org/?a=1&b=2'],
    ['two\nlines\r\n', String.raw`two\nlines\r\n`],
    ['\u001B[31mred\u001B[0m', String.raw`\u001b[31mred\u001b[0m`],
    ['\u001B]0;title\u0007', String.raw`\u001b]0;title\u0007`],
    ['\u009B2J', String.raw`\u009b2J`],
    ['gpj.\u202Eexe', String.raw`gpj.\u202eexe`],
    ['a\u2028b', String.raw`a\u2028b`],
    ['\uD83D', String.raw`\ud83d`],
    ['\u{E0041}', String.raw`\u{e0041}`],
    ['👩‍👩‍👧 🏛️ 議事録', '👩‍👩‍👧 🏛️ 議事録'],
  ] as const)('%j becomes %s', ([text, shown]) => {
    expect(terminalText(text)).toBe(shown);
  });

  test('is cut between characters', () => {
    expect(terminalText('😀'.repeat(10_000), 3)).toBe('😀😀😀…');
    expect(terminalText('😀😀😀', 3)).toBe('😀😀😀');
  });

  test('never brings a control character, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(terminalText(text)).not.toMatch(
          /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u,
        );
      }),
    );
  });
});

test.for([
  ['', '""'],
  [' ', '" "'],
  ['a ', '"a "'],
  ['a b', 'a b'],
] as const)('the item ID %j is seen as %s', ([id, shown]) => {
  expect(itemText(id)).toBe(shown);
});

test.for([
  ['alameda_1', 'alameda_1'],
  ['two words', "'two words'"],
  ["it's", String.raw`'it'\''s'`],
  ['$(rm -rf ~)', "'$(rm -rf ~)'"],
  ['--root', '--root'],
  ['\u001B[2J', undefined],
] as const)('%j is %s in a shell', ([text, word]) => {
  expect(shellWord(text)).toBe(word);
});
