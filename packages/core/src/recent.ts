/**
 * Remembers what followed from the texts it was asked about last: at least `size` of them, never more than twice as many. What
 * is remembered is shared by all who ask: frozen, or of a kind that cannot be changed.
 */
export class Recent<Value> {
  readonly #size: number;
  #latest = new Map<string, Value>();
  // Asked about before those: what is asked about again moves to the latest.
  #earlier = new Map<string, Value>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): Value | undefined {
    const latest = this.#latest.get(key);
    if (latest !== undefined) return latest;
    const earlier = this.#earlier.get(key);
    if (earlier !== undefined) this.set(key, earlier);
    return earlier;
  }

  set(key: string, value: Value): void {
    if (this.#latest.size >= this.#size) {
      this.#earlier = this.#latest;
      this.#latest = new Map();
    }
    this.#latest.set(key, value);
  }
}
