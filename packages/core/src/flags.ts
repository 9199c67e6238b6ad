import { type Flag } from '@milepost/semconv';

const NONE: readonly Flag[] = Object.freeze([]);

/** What Milepost changed or doubted in a record, each once. Most records have nothing of the kind. */
export class Flags {
  #list: readonly Flag[] = NONE;

  add(flag: Flag): void {
    if (!this.#list.includes(flag)) this.#list = [...this.#list, flag];
  }

  /** The flags so far; later ones do not show in it. */
  get list(): readonly Flag[] {
    return this.#list;
  }
}
