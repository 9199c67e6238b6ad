/** The records of a request, counted in their order while it is walked, some of which are wanted. */
export class RecordRange {
  readonly #from: number;
  readonly #to: number;
  #seen = 0;

  /** Wants the records from `from` on, up to but not including `to`. */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  /** Records seen so far. */
  get seen(): number {
    return this.#seen;
  }

  /** Whether the record that comes now is wanted. */
  takesNext(): boolean {
    const place = this.#seen;
    this.#seen += 1;
    return place >= this.#from && place < this.#to;
  }
}
