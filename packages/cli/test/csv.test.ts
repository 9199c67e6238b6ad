import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLine } from '../src/csv.ts';

/** The rows of a text by RFC 4180, written from its grammar. */
function parsed(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quoted = /"((?:[^"]|"")*)"/y;
    const plain = /[^",\r\n]*/y;
    const cell = text[at] === '"' ? quoted : plain;
    cell.lastIndex = at;
    const [whole = '', inner] = cell.exec(text) ?? [];
    row.push(inner === undefined ? whole : inner.replaceAll('""', '"'));
    at += whole.length;
    if (text[at] === ',') at += 1;
    else {
      expect(text.slice(at, at + 2)).toBe('\r\n');
      at += 2;
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

test.for<[readonly (string | number | boolean | null | undefined)[], string]>([
  [['a', 'b'], 'a,b\r\n'],
  [[1, true, null, undefined, ''], '1,true,,,\r\n'],
  [[-1.5], '-1.5\r\n'],
  [['a,b', 'say "no"', 'two\nlines', 'a\rb'], '"a,b","say ""no""","two\nlines","a\rb"\r\n'],
  [['=1+1', '+1', '-1', '@a'], "'=1+1,'+1,'-1,'@a\r\n"],
  [['\tx', '\r=1'], '\'\tx,"\'\r=1"\r\n'],
  [['a=1', "'a"], "a=1,'a\r\n"],
])('%j', ([values, line]) => {
  expect(csvLine(values, false)).toBe(line);
});

test('what is written raw is read as it was', () => {
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^[=+@",\r\n\t -]*$/));
  const table = fc.array(fc.array(cell, { minLength: 1 }), { minLength: 1 });
  fc.assert(
    fc.property(table, (rows) => {
      expect(parsed(rows.map((row) => csvLine(row, true)).join(''))).toEqual(rows);
    }),
  );
});

test('no text is left that a spreadsheet would compute', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const [[read = ''] = []] = parsed(csvLine([text], false));
      expect(read).not.toMatch(/^[=+\-@\t\r]/);
      expect([text, `'${text}`]).toContain(read);
    }),
  );
});
