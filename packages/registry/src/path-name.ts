import { createHash } from 'node:crypto';

const MAX_BYTES = 100;
const KEPT_OF_LONG = 60;
const PLAIN = /^[A-Za-z0-9._-]$/;
/** Names that mean something in the layout, and devices of Windows with any extension. */
const TAKEN =
  /^(?:job_metadata|job_registry|latest|exports|(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?)$/i;

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function escaped(name: string): string {
  let text = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte);
    text += PLAIN.test(character) ? character : percent(byte);
  }
  return text;
}

/**
 * The directory name of an item or a step: percent-encoded, so that any string names exactly one directory below its
 * parent. Over 100 bytes the rest is replaced by a hash, told by a `~`.
 */
export function directoryNameOf(name: string): string {
  const text = escaped(name);
  if (text.length > MAX_BYTES) {
    const hash = createHash('sha256').update(name).digest('hex').slice(0, 32);
    return `${text.slice(0, KEPT_OF_LONG)}~${hash}`;
  }
  if (text === '') return '%';
  // A leading dot hides or climbs, a trailing one vanishes on Windows.
  const first = text.charCodeAt(0);
  const safe = text.startsWith('.') || TAKEN.test(text) ? percent(first) + text.slice(1) : text;
  return safe.endsWith('.') ? `${safe.slice(0, -1)}%2E` : safe;
}

/** The name that a directory stands for, or undefined where only a hash of it is left. */
export function nameOfDirectory(directory: string): string | undefined {
  if (directory.includes('~')) return undefined;
  if (directory === '%') return '';
  try {
    return decodeURIComponent(directory);
  } catch {
    // Not one of our names: it stands for itself.
    return directory;
  }
}
