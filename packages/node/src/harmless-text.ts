/**
 * What must not reach a terminal as it is: control characters (escape sequences, line ends), characters that reorder or hide
 * text, and halves of characters. The two joiners stay: emoji and several scripts need them.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200C\u200D])\p{Cf}/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return SHORT_ESCAPES[character] ?? (code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`);
}

/** A text from outside as part of one harmless line, cut between characters where it is longer than that. */
export function harmlessText(text: string, maxCharacters: number): string {
  // A character has at most two code units: the rest of a long text need not be looked at.
  const characters = Array.from(text.slice(0, (maxCharacters + 1) * 2));
  const shown = characters.slice(0, maxCharacters).join('').replace(UNSAFE, escapeOf);
  return characters.length > maxCharacters ? `${shown}…` : shown;
}
