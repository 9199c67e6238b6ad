interface Pause {
  readonly until: number;
  readonly isRefused: boolean;
  readonly end: (isOver: boolean) => void;
}

/**
 * The pauses that exporters make before they try again. They do not keep the process alive, and at the end of a program
 * those that lead nowhere are cut.
 */
export class RetryPauses {
  readonly #pauses = new Set<Pause>();
  #endsAt: number | undefined;

  /**
   * Waits before another try.
   * @param isRefused nobody listens where the last try went
   * @returns whether there is to be another try
   */
  wait(milliseconds: number, isRefused: boolean): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const pause: Pause = {
      until: Date.now() + milliseconds,
      isRefused,
      end: (isOver) => {
        clearTimeout(timer);
        this.#pauses.delete(pause);
        resolve(isOver);
      },
    };
    const timer = setTimeout(() => pause.end(true), milliseconds);
    timer.unref();
    this.#pauses.add(pause);
    this.#cut();
    return promise;
  }

  /**
   * From now on there is no other try where nobody listens, nor one that would come too late.
   * @param deadline milliseconds since the Unix epoch
   */
  endBy(deadline: number): void {
    this.#endsAt = deadline;
    this.#cut();
  }

  #cut(): void {
    if (this.#endsAt === undefined) return;
    for (const pause of this.#pauses) {
      if (pause.isRefused || pause.until >= this.#endsAt) pause.end(false);
    }
  }
}
