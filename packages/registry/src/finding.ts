/** Kinds of {@link Finding}, each with what it says. */
export const FINDING_KINDS = [
  /** A line of a journal does not match its checksum. */
  'journal_damaged',
  /** Numbers are missing in the sequence of a segment's records. */
  'journal_incomplete',
  /** A number stands twice in it, or out of order. */
  'journal_repeated',
  /** A segment is of another run or writer than its place says. */
  'journal_misplaced',
  /** The last line of a segment is half written: its writer died before it told anybody that it is kept, or the file was cut. */
  'journal_torn',
  /** A hub that we wrote has no journal any more, or none of which anything can be read. */
  'journal_missing',
  /** A prune was cut short, or goes on: the run is half gone, and the next prune finishes it. */
  'prune_unfinished',
  /** A temporary file of a process that was killed more than a day ago. */
  'left_over',
  /** Records contradict one another. */
  'contradiction',
  /** A hub, spoke or link is not there. */
  'missing',
  /** A hub or spoke is ours and older than the journal. */
  'stale',
  /** A hub or spoke of ours has bytes that we never wrote. */
  'changed',
  /** A hub lacks a step that a spoke tells of. */
  'incomplete',
  /** An output is not there any more. */
  'output_missing',
  /** An output is not what was recorded. */
  'output_changed',
  /** An output is not what was recorded, as a later run wrote it anew. */
  'output_superseded',
  /** A run tells of its upload what the upload does not. */
  'source_differs',
  /** An upload that a run repeats is not there any more. */
  'source_missing',
  /** A file of an upload is not what was uploaded. */
  'source_file_changed',
  /** A file of an upload is not there any more. */
  'source_file_lost',
  /** A file lies beside those of an upload that was not there then. */
  'source_file_added',
  /** A run or a stage has no end, and whoever should have ended it is gone. */
  'lost',
  /** A run or a stage ended by itself after all, which takes the place of the end that somebody decided on. */
  'repair_withdrawn',
  /** It cannot be read, or is no such file. */
  'unreadable',
  /** It lies outside the root, by a link or by its name, and was not read. */
  'outside_root',
] as const;
/** What is wrong with a file. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Something that is not as it should be. */
export interface Finding {
  readonly kind: FindingKind;
  /** `note`: it can be explained without anything being wrong. */
  readonly severity: 'error' | 'note';
  /** Of the file: relative to the root where it lies inside, else absolute. */
  readonly path: string;
  /** The run or upload that it is about, where there is one. */
  readonly jobId: string | undefined;
  /** In plain words. */
  readonly message: string;
}

/** Kinds that can be explained without anything being wrong. */
const NOTES: ReadonlySet<FindingKind> = new Set([
  'journal_torn',
  'prune_unfinished',
  'left_over',
  'output_superseded',
  'source_file_added',
  'repair_withdrawn',
]);

/** A finding of a kind. */
export function finding(
  kind: FindingKind,
  path: string,
  jobId: string | undefined,
  message: string,
): Finding {
  return { kind, severity: NOTES.has(kind) ? 'note' : 'error', path, jobId, message };
}
