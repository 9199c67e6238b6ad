import { type RequestFate } from './delivery.ts';

/** Who wants to know what becomes of the requests of this process, by sequence. */
export class RequestFates {
  readonly #listeners = new Map<number, (fate: RequestFate) => void>();
  readonly #supersedable = new Set<number>();

  /** The fate of a request, whenever it is known. */
  of(sequence: number, isSuperseded: boolean): Promise<RequestFate> {
    const { promise, resolve } = Promise.withResolvers<RequestFate>();
    this.#listeners.set(sequence, resolve);
    if (isSuperseded) this.#supersedable.add(sequence);
    return promise;
  }

  /**
   * Requests of before are superseded now, but for the one that is on its way.
   * @returns their sequences
   */
  supersede(except: number | undefined): readonly number[] {
    const superseded = [...this.#supersedable].filter((sequence) => sequence !== except);
    for (const sequence of superseded) this.tell(sequence, 'superseded');
    return superseded;
  }

  /** From now on the fate of a request is that of others: delivered when all of them are. */
  replace(sequence: number, by: readonly number[]): void {
    const tell = this.#listeners.get(sequence);
    this.#drop(sequence);
    if (tell === undefined) return;
    let open = by.length;
    for (const part of by) {
      this.#listeners.set(part, (fate) => {
        open -= 1;
        if (fate !== 'delivered' || open === 0) tell(fate);
      });
    }
  }

  /** Whether a later request of the same process has all that one has. */
  isSuperseded(sequence: number): boolean {
    return [...this.#supersedable].some((later) => later > sequence);
  }

  /** Tells everybody who still waits. */
  tellRest(fate: RequestFate): void {
    for (const sequence of Array.from(this.#listeners.keys())) this.tell(sequence, fate);
  }

  tell(sequence: number, fate: RequestFate): void {
    const tell = this.#listeners.get(sequence);
    this.#drop(sequence);
    tell?.(fate);
  }

  #drop(sequence: number): void {
    this.#listeners.delete(sequence);
    this.#supersedable.delete(sequence);
  }
}
