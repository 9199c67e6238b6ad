import { FLAG_VALUE_NAME_REPLACED } from '@milepost/semconv';
import { type Flags } from './flags.ts';
import { truncate } from './truncate.ts';

/** Longest name of a pipeline, stage, tenant or category, in UTF-8 bytes: it goes on every record and every metric. */
export const MAX_NAME_BYTES = 200;

/** A name as given, cut and flagged where it is too long or not well-formed; undefined where it is no name. */
export function boundedName(given: unknown, flags: Flags): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined;
  const name = truncate(given, MAX_NAME_BYTES);
  if (name !== given) flags.add(FLAG_VALUE_NAME_REPLACED);
  return name;
}
