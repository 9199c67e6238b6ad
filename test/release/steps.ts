/** Runs the parts of a long check, says how each went, and remembers which failed. */
export class Steps {
  readonly #failed: string[] = [];

  /** Names of the parts that failed, in their order. */
  get failed(): readonly string[] {
    return this.#failed;
  }

  /**
   * Runs one part. A failure is printed and remembered, not thrown, so that the others still run.
   *
   * @param describe What to say of its result. Default: nothing.
   * @returns Its result, or `undefined` where it failed.
   */
  async run<T>(
    name: string,
    work: () => Promise<T>,
    describe: (result: T) => string = () => '',
  ): Promise<T | undefined> {
    const start = performance.now();
    console.log(`... ${name}`);
    try {
      const result = await work();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`ok  ${[name, `${seconds} s`, describe(result)].filter(Boolean).join(', ')}`);
      return result;
    } catch (error) {
      this.#failed.push(name);
      console.log(`BAD ${name}\n${error instanceof Error ? error.message : String(error)}\n`);
      return undefined;
    }
  }
}
