import { layOutColumns } from './columns.ts';

/** A text as lines no longer than a width. */
export function wrappedText(text: string, width: number): readonly string[] {
  const column = {
    atLeast: width,
    wraps: true,
    fill: () => ({ heading: '', cells: [text] }),
  };
  return layOutColumns([column], width).slice(1);
}
