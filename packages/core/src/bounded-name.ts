import { hash } from 'node:crypto';
import { FLAG_VALUE_NAME_REPLACED } from '@milepost/semconv';
import { type Flags } from './flags.ts';
import { truncate } from './truncate.ts';

/** Longest name of a pipeline, stage, tenant or category, in UTF-8 bytes: it goes on every record and every metric. */
export const MAX_NAME_BYTES = 200;
const HASH_LENGTH = 12;

/** What stands for a name that was not given. */
export const UNNAMED: string = 'unnamed';

/** A name as given, cut and flagged where it is too long or not well-formed; undefined where it is no name. */
export function boundedName(given: unknown, flags: Flags): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined;
  const name = isShort(given) ? given : distinctName(given);
  if (name !== given) flags.add(FLAG_VALUE_NAME_REPLACED);
  return name;
}

function isShort(name: string): boolean {
  return name.isWellFormed() && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

// Long names that differ only at the end stay apart.
function distinctName(name: string): string {
  const suffix = `~${hash('sha256', name).slice(0, HASH_LENGTH)}`;
  return `${truncate(name, MAX_NAME_BYTES - suffix.length)}${suffix}`;
}
