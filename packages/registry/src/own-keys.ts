/** A plain JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value parsed from JSON is an object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const OWN = { enumerable: true, configurable: true, writable: true };

/** An object without some of its keys. */
export function without(object: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)));
}

/** An object without the keys whose value is undefined, in the same order. A hub has thousands of such objects. */
export function defined(object: JsonObject): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    if (key === '__proto__') Object.defineProperty(kept, key, { value, ...OWN });
    else kept[key] = value;
  }
  return kept;
}

/** The keys of `ours`, then those of `others` that are not among them. */
export function withFurther(ours: JsonObject, ...others: readonly JsonObject[]): JsonObject {
  const entries = new Map(Object.entries(ours));
  for (const other of others) {
    for (const [key, value] of Object.entries(other)) {
      if (!entries.has(key)) entries.set(key, value);
    }
  }
  return Object.fromEntries(entries);
}

/** The keys of several objects as one: the newest word counts, and no key is lost. */
export function mergedKeys(objects: readonly JsonObject[]): JsonObject {
  const entries = new Map<string, unknown>();
  for (const object of objects) {
    for (const [key, value] of Object.entries(object)) entries.set(key, value);
  }
  return Object.fromEntries(entries);
}
