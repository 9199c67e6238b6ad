/** How deep JSON may be nested. What writes and compares it goes as deep, and has no more stack than the program. */
const MAX_DEPTH = 256;

function assertShallow(value: unknown): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new TypeError(`nested deeper than ${MAX_DEPTH} levels`);
    const next: unknown[] = [];
    for (const parent of level) {
      if (typeof parent !== 'object' || parent === null) continue;
      for (const child of Object.values(parent)) {
        if (typeof child === 'object' && child !== null) next.push(child);
      }
    }
    level = next;
  }
}

/**
 * Parses JSON that others wrote.
 * @throws {SyntaxError} where it is none
 * @throws {TypeError} where it is nested too deep
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  assertShallow(value);
  return value;
}
