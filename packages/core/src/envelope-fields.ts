import { keepChanges } from './envelope-changes.ts';
import { FieldBag, type Fields } from './field-bag.ts';
import { type FieldValue } from './field-value.ts';
import { Flags } from './flags.ts';

/**
 * The fields of an envelope as records can carry them, like any that a user gives: who wrote it may be another program, or
 * another version of this one.
 * @returns undefined for what are no fields
 */
export function readFields(value: unknown): Readonly<Fields> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const flags = new Flags();
  const fields = new FieldBag(flags);
  for (const [name, one] of Object.entries(value)) {
    if (!isField(one)) return undefined;
    fields.add(name, () => one);
  }
  return keepChanges(fields.values, flags);
}

function isField(value: unknown): value is FieldValue {
  if (Array.isArray(value)) {
    return isListOf('string', value) || isListOf('number', value) || isListOf('boolean', value);
  }
  return typeof value === 'number'
    ? Number.isFinite(value)
    : typeof value === 'string' || typeof value === 'boolean';
}

function isListOf(type: string, list: readonly unknown[]): boolean {
  return list.every((one) => typeof one === type && (type !== 'number' || Number.isFinite(one)));
}
