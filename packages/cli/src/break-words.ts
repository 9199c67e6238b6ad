import { widestOf } from './text-width.ts';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Breaks words longer than a line into pieces that fill one: the table would cut them. */
export function breakWords(text: string, width: number): string {
  const widths = new Map<string, number>();
  const widthOf = (grapheme: string): number => {
    const known = widths.get(grapheme) ?? widestOf([grapheme]);
    widths.set(grapheme, known);
    return known;
  };
  return text.replace(/\S+/g, (word) => {
    const pieces: string[] = [];
    let piece = '';
    let taken = 0;
    for (const { segment } of graphemes.segment(word)) {
      const needed = widthOf(segment);
      if (taken + needed > width && piece !== '') {
        pieces.push(piece);
        piece = '';
        taken = 0;
      }
      piece += segment;
      taken += needed;
    }
    return [...pieces, piece].join('\n');
  });
}
