import { FLAG_VALUE_OPTIONS_UNREADABLE } from '@milepost/semconv';
import { type Flags } from './flags.ts';

/**
 * A copy of what a user gave as options: getters run here alone, and what the user changes later does not matter. An option
 * that cannot be read is left out and flagged; the others stay.
 */
export function readOptions<T extends object>(given: T | undefined, flags: Flags): Partial<T> {
  if (typeof given !== 'object' || given === null) return {};
  try {
    return { ...given };
  } catch {
    return readableOptions(given, flags);
  }
}

function readableOptions<T extends object>(given: T, flags: Flags): Partial<T> {
  const options: Partial<T> = {};
  for (const key of keysOf(given, flags)) {
    try {
      options[key] = given[key];
    } catch {
      flags.add(FLAG_VALUE_OPTIONS_UNREADABLE);
    }
  }
  return options;
}

function keysOf<T extends object>(given: T, flags: Flags): (keyof T)[] {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the own keys of an object are keys of its type
    return Object.keys(given) as (keyof T)[];
  } catch {
    // A proxy that refuses to be listed.
    flags.add(FLAG_VALUE_OPTIONS_UNREADABLE);
    return [];
  }
}
