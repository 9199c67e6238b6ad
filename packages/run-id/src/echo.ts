const ECHOED_CHARACTERS = 64;

/**
 * Shows a value in an error message: one short line of printable ASCII, whatever came. Strings are
 * quoted, escaped and cut; of objects only the type is told, so that no getter of theirs runs.
 */
export function echo(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return echoText(value);
    case 'number':
    case 'boolean':
      return `the ${typeof value} ${String(value)}`;
    case 'undefined':
      return 'undefined';
    case 'object':
      return value === null ? 'null' : 'an object';
    default:
      return `a ${typeof value}`;
  }
}

function echoText(text: string): string {
  const quoted = JSON.stringify(text.slice(0, ECHOED_CHARACTERS)).replaceAll(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > ECHOED_CHARACTERS
    ? `${quoted}... (${text.length} characters in all)`
    : quoted;
}
