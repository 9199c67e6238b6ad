import {
  FLAG_VALUE_FIELD_REDACTED,
  FLAG_VALUE_FIELD_TRUNCATED,
  FLAG_VALUE_FIELD_UNREADABLE,
} from '@milepost/semconv';
import { type Flags } from './flags.ts';
import { isSecretKey, REDACTED } from './secrets.ts';

const MAX_DEPTH = 32;
/** Values in one `setConfig` or `setMetadata`; beyond it the rest is marked. */
const MAX_VALUES = 200_000;

interface Copying {
  readonly flags: Flags;
  left: number;
}

/**
 * A copy of a value as JSON data: what `JSON.stringify` would write, with secrets redacted, cycles and what cannot be
 * read or is beyond `maxValues` values marked. The copy is the caller's own: later changes of the original do not show. Never throws.
 */
export function jsonData(value: unknown, flags: Flags, maxValues: number = MAX_VALUES): unknown {
  return copy(value, '', { flags, left: maxValues }, []);
}

function copy(value: unknown, key: string, copying: Copying, around: readonly object[]): unknown {
  const { flags } = copying;
  if (copying.left-- <= 0) return tooLarge(flags);
  try {
    if (
      isSecretKey(key) &&
      (typeof value === 'string' || (typeof value === 'object' && value !== null))
    ) {
      flags.add(FLAG_VALUE_FIELD_REDACTED);
      return REDACTED;
    }
    switch (typeof value) {
      case 'string':
        return value.toWellFormed();
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) ? value : null;
      case 'bigint':
        return String(value);
      case 'object':
        return value === null ? null : copyObject(value, key, copying, around);
      default:
        return undefined;
    }
  } catch {
    flags.add(FLAG_VALUE_FIELD_UNREADABLE);
    return '[unreadable]';
  }
}

function copyObject(
  value: object,
  key: string,
  copying: Copying,
  around: readonly object[],
): unknown {
  const { flags } = copying;
  if (around.includes(value) || around.length >= MAX_DEPTH) {
    flags.add(FLAG_VALUE_FIELD_UNREADABLE);
    return around.includes(value) ? '[circular]' : '[too deep]';
  }
  const toJSON: unknown = Reflect.get(value, 'toJSON');
  if (typeof toJSON === 'function') {
    return copy(Reflect.apply(toJSON, value, [key]), '', copying, [...around, value]);
  }
  const inside = [...around, value];
  if (Array.isArray(value)) return value.map((one) => copy(one, '', copying, inside) ?? null);
  if (value instanceof Map || value instanceof Set) return copy([...value], '', copying, inside);
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (copying.left <= 0) {
      out['[too large]'] = tooLarge(flags);
      break;
    }
    const data = copyProperty(value, name, copying, inside);
    // `__proto__` as an own key must stay data.
    if (data !== undefined)
      Object.defineProperty(out, name, {
        value: data,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
  return out;
}

function copyProperty(
  owner: object,
  name: string,
  copying: Copying,
  around: readonly object[],
): unknown {
  let value: unknown;
  try {
    value = Reflect.get(owner, name);
  } catch {
    copying.flags.add(FLAG_VALUE_FIELD_UNREADABLE);
    return '[unreadable]';
  }
  return copy(value, name, copying, around);
}

function tooLarge(flags: Flags): string {
  flags.add(FLAG_VALUE_FIELD_TRUNCATED);
  return '[too large]';
}
