import { describe, expect, test } from 'vitest';
import { columnsFit, layOutColumns } from '../src/columns.ts';
import { wrappedText } from '../src/wrapped-text.ts';
import { coloured, visible } from './painted.ts';

const names = { heading: 'name', cells: ['fetch', '日本語', '👩‍👩‍👧'], shrinksTo: 4 };
const counts = { heading: 'n', cells: ['1', '22', '333'], align: 'right' as const };

describe('columns', () => {
  test('are as wide as their widest cell, wide characters counted as two', () => {
    expect(layOutColumns([names, counts], 80).join('\n')).toMatchInlineSnapshot(`
      "name      n
      fetch     1
      日本語   22
      👩‍👩‍👧      333"
    `);
  });

  test('are cut where the line is too short, as far as they may be', () => {
    expect(columnsFit([names, counts], 11)).toBe(true);
    expect(columnsFit([names, counts], 10)).toBe(false);
    expect(layOutColumns([names, counts], 9).join('\n')).toMatchInlineSnapshot(`
      "name    n
      fet…    1
      日…    22
      👩‍👩‍👧    333"
    `);
    expect(layOutColumns([names, counts], 2)).toEqual(layOutColumns([names, counts], 9));
  });

  test('never leave half a character', () => {
    const emoji = { heading: 'e', cells: ['😀😀😀😀'], shrinksTo: 4 };
    expect(layOutColumns([emoji], 4)[1]?.isWellFormed()).toBe(true);
  });

  test('without any content are left out', () => {
    const empty = { heading: 'empty', cells: ['', '', ''] };
    expect(layOutColumns([empty, names], 80)).toEqual(layOutColumns([names], 80));
  });

  test('keep their width in colour', () => {
    const red = { ...names, cells: names.cells.map((cell) => coloured('red', cell)) };
    const lines = layOutColumns([red, counts], 80).map((line) =>
      visible(line).replaceAll(/‹\d+›/g, ''),
    );
    expect(lines).toEqual(layOutColumns([names, counts], 80));
  });

  test('a filling one takes what the others leave', () => {
    const bar = {
      atLeast: 5,
      atMost: 30,
      fill: (width: number) => ({ heading: 'bar', cells: ['#'.repeat(width)] }),
    };
    expect(layOutColumns([names, bar], 20)[1]).toBe(`fetch   ${'#'.repeat(12)}`);
    expect(layOutColumns([names, bar], 80)[1]).toBe(`fetch   ${'#'.repeat(30)}`);
  });
});

describe('a wrapped text', () => {
  test('loses nothing, words longer than a line neither', () => {
    const text = `Error: at https://example.org/${'a'.repeat(50)} ${'読めない'.repeat(10)} end`;
    const lines = wrappedText(text, 30);
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "Error: at
      https://example.org/aaaaaaaaaa
      aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      aaaaaaaaaa
      読めない読めない読めない読めな
      い読めない読めない読めない読め
      ない読めない読めない end"
    `);
  });

  test('fills its lines, whatever the width of its characters', () => {
    const texts = [`${'a'.repeat(59)}…`, `${'読'.repeat(20)}${'é'.repeat(20)}`, '👩‍👩‍👧'.repeat(30)];
    expect(texts.map((text) => wrappedText(text, 20).join('\n'))).toEqual([
      ['a'.repeat(20), 'a'.repeat(20), `${'a'.repeat(19)}…`].join('\n'),
      ['読'.repeat(10), '読'.repeat(10), 'é'.repeat(20)].join('\n'),
      ['👩‍👩‍👧'.repeat(10), '👩‍👩‍👧'.repeat(10), '👩‍👩‍👧'.repeat(10)].join('\n'),
    ]);
  });
});
