const SHOWN_CHARACTERS = 60;

/** Shows in a few words what came instead of what was expected: of an object only that it is one, whatever it holds. */
export function echo(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.slice(0, SHOWN_CHARACTERS));
    case 'number':
    case 'boolean':
      return String(value);
    case 'undefined':
      return 'nothing';
    case 'object':
      if (value === null) return 'null';
      if (!Array.isArray(value)) return 'an object';
      return value.length === 0 ? '[]' : `a list of ${value.length}`;
    default:
      return `a ${typeof value}`;
  }
}
