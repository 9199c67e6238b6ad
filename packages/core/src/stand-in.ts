/** Says what a stand-in gives for a member, or undefined for the member of the original. */
export type Replacement = (key: PropertyKey, value: unknown) => unknown;

/**
 * An object that stands in for another one: some members are replaced, all others are those of the original, called and
 * set on it (private fields need that). A method that gives back the original gives back the stand-in.
 * @param keys of the members that are replaced where the original has fixed ones of its own
 */
export function standIn<T extends object>(
  original: T,
  keys: readonly PropertyKey[],
  replacement: Replacement,
): T {
  // A proxy must give out the very value of a fixed property of its target, so that one gets another target.
  const hidden = keys.some((key) => isFixed(original, key));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it inherits everything from the original
  const target = hidden ? (Object.create(original) as T) : original;
  const proxy: T = new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(original, key, original);
      const replaced = replacement(key, value);
      if (replaced !== undefined) return replaced;
      if (typeof value !== 'function' || key === 'constructor') return value;
      if (!hidden && isFixed(original, key)) return value;
      return new Proxy(value, {
        apply(method, self: unknown, args: unknown[]): unknown {
          const result: unknown = Reflect.apply(method, self === proxy ? original : self, args);
          return result === original ? proxy : result;
        },
      });
    },
    set: (_, key, value) => Reflect.set(original, key, value, original),
  });
  return proxy;
}

function isFixed(owner: object, key: PropertyKey): boolean {
  const descriptor = Reflect.getOwnPropertyDescriptor(owner, key);
  return descriptor?.configurable === false && descriptor.writable !== true;
}
