import { type Context } from '@opentelemetry/api';

const MAX_DEPTH = 32;

/**
 * A context that adds one value to another, in constant time. The API's own copies all values each time, which is most of what
 * a stage would cost.
 */
export class OverlayContext implements Context {
  readonly #parent: Context;
  readonly #key: symbol;
  readonly #value: unknown;
  readonly #depth: number;

  constructor(parent: Context, key: symbol, value: unknown) {
    const depth = parent instanceof OverlayContext ? parent.#depth + 1 : 1;
    // Nobody nests that deep but a recursion: then look-ups must not get slower and slower.
    this.#parent =
      depth > MAX_DEPTH && parent instanceof OverlayContext ? parent.#flattened() : parent;
    this.#depth = depth > MAX_DEPTH ? 1 : depth;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    if (key === this.#key) return this.#value;
    let context = this.#parent;
    while (context instanceof OverlayContext) {
      if (context.#key === key) return context.#value;
      context = context.#parent;
    }
    return context.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new OverlayContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new OverlayContext(this, key, undefined);
  }

  #flattened(): Context {
    const base = this.#parent instanceof OverlayContext ? this.#parent.#flattened() : this.#parent;
    return base.setValue(this.#key, this.#value);
  }
}
