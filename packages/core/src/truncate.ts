const encoder = new TextEncoder();
const MARK_BYTES = 48;

/**
 * The string itself where it takes at most `maxBytes` in UTF-8, otherwise its beginning and a mark that says how long
 * it was. Never cuts a character in half; lone surrogates, which break a whole OTLP batch, are replaced.
 */
export function truncate(text: string, maxBytes: number): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  // A UTF-16 unit takes at most three bytes.
  if (wellFormed.length * 3 <= maxBytes) return wellFormed;
  if (wellFormed.length <= maxBytes && Buffer.byteLength(wellFormed) <= maxBytes) return wellFormed;
  const room = new Uint8Array(maxBytes - MARK_BYTES);
  const { read } = encoder.encodeInto(wellFormed, room);
  return `${wellFormed.slice(0, read)}…[truncated, ${text.length} characters]`;
}
