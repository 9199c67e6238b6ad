/** A part of the body of a request, not compressed. */
export interface SplitBody {
  readonly body: Uint8Array;
  readonly records: number;
}
