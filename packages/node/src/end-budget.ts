/** The time that the ends of a process may take in all, however many there are: a natural end has two parts. */
export class EndBudget {
  #leftMs: number;

  /** @param budgetMs milliseconds in all */
  constructor(budgetMs: number) {
    this.#leftMs = budgetMs;
  }

  /** Milliseconds that are left, 0 or more. */
  get leftMs(): number {
    return Math.max(0, this.#leftMs);
  }

  /**
   * Time begins to be spent.
   * @returns ends it
   */
  begin(): () => void {
    const begin = performance.now();
    return () => {
      this.#leftMs -= performance.now() - begin;
    };
  }
}
