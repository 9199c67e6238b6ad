/**
 * Whether a text has at most so many characters, counted as JSON Schema and most languages count them: as code points, not as
 * UTF-16 units. Cheap, however long the text is.
 */
export function isNoLongerThan(text: string, characters: number): boolean {
  // A character takes one unit or two.
  if (text.length <= characters) return true;
  return text.length <= 2 * characters && Array.from(text).length <= characters;
}
