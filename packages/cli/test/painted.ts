import { styleText } from 'node:util';
import { type Paint } from '../src/paint.ts';

/** Leaves every text as it is. */
export const plain: Paint = (_style, text) => text;

/** Styles every text, whatever the terminal. */
export const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Escape sequences made visible: `‹31›red‹39›`. */
export function visible(text: string): string {
  return text.replaceAll(/\p{Cc}\[(\d+)m/gu, '‹$1›');
}
