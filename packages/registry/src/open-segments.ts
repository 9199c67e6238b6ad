import { Turns } from './turns.ts';

/** How many segments stay open for more records. */
const MAX_IDLE = 64;
/** How many segments are written to at once. */
const MAX_WRITING = 32;

/** Who holds a segment. */
interface SegmentOwner {
  /** Closes the segment. The next records go into a new one. */
  letGo(): Promise<void>;
}

/**
 * Keeps the number of open segments down, however many runs are recorded at once: files that we hold open are files that
 * the user's program cannot open. Of those that nobody writes to, the ones used longest ago are closed.
 */
export class OpenSegments {
  readonly #turns = new Turns(MAX_WRITING);
  /** Used longest ago first. */
  readonly #idle = new Set<SegmentOwner>();

  /** Runs a write when it is its turn. The owner's segment stays open during it, and for a while after it. */
  async during(owner: SegmentOwner, write: () => Promise<void>): Promise<void> {
    await this.#turns.take(async () => {
      this.#idle.delete(owner);
      await write();
      this.#idle.add(owner);
      for (const oldest of this.#idle) {
        if (this.#idle.size <= MAX_IDLE) break;
        this.#idle.delete(oldest);
        await oldest.letGo();
      }
    });
  }

  /** The owner has closed its segment. */
  forget(owner: SegmentOwner): void {
    this.#idle.delete(owner);
  }
}
