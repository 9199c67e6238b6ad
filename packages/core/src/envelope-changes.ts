import { type Flag } from '@milepost/semconv';
import { type Flags } from './flags.ts';

// By what was read: whoever puts it on a record says there what was changed in it.
const changes = new WeakMap<object, readonly Flag[]>();

/** Remembers what had to be changed when this part of an envelope was read. */
export function keepChanges<T extends object>(part: T, { list }: Flags): T {
  if (list.length > 0) changes.set(part, list);
  return part;
}

/** Flags what had to be changed when this part of an envelope was read. */
export function flagChanges(part: object | undefined, flags: Flags): void {
  for (const flag of (part && changes.get(part)) ?? []) flags.add(flag);
}
