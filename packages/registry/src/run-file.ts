/** The values of {@link RunFileKind}, in the order in which a list has them. */
export const RUN_FILE_KINDS = [
  'result',
  'output',
  'source',
  'journal',
  'set_aside',
  'spoke',
  'hub',
] as const;
/**
 * What a file of a run is: a `result` lies in the tree of results of a stage, an `output` was recorded and lies elsewhere below
 * the root, `source` is the record of an upload; the others are the record of the run: its journal, files of others that were
 * set aside, and what is derived from both.
 */
export type RunFileKind = (typeof RUN_FILE_KINDS)[number];

/** A file that belongs to a run. */
export interface RunFile {
  /** Relative to the root, with slashes. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  readonly kind: RunFileKind;
  /** Of a result or output; undefined where it is not known, and for the record. */
  readonly stage?: string;
  readonly itemId?: string;
}
