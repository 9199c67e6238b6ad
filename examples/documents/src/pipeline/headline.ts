/** A piece of text on a page, as `unpdf` gives it. */
export interface TextItem {
  readonly str: string;
  readonly fontSize: number;
  readonly hasEOL: boolean;
}

// A journal's name may be set a little larger than the title of the paper.
const NEARLY_AS_LARGE = 0.9;

/** The longest text among those set in (nearly) the largest type; undefined when there is no text. */
export function findHeadline(items: readonly TextItem[]): string | undefined {
  const textBySize = new Map<number, string>();
  for (const { str, fontSize, hasEOL } of items) {
    const size = Math.round(fontSize * 10) / 10;
    textBySize.set(size, `${textBySize.get(size) ?? ''}${str}${hasEOL ? ' ' : ''}`);
  }
  const texts = [...textBySize]
    .map(([size, text]) => ({ size, text: text.replace(/\s+/g, ' ').trim() }))
    .filter(({ text }) => text !== '');
  const largest = Math.max(...texts.map(({ size }) => size));
  return texts
    .filter(({ size }) => size >= largest * NEARLY_AS_LARGE)
    .map(({ text }) => text)
    .toSorted((a, b) => b.length - a.length)[0];
}
