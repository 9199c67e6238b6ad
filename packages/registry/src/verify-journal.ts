import { join } from 'node:path';
import { type Finding, type FindingKind, finding } from './finding.ts';
import { type ReadLine, readLines } from './journal-line.ts';
import { segmentFile, writerOfFile } from './journal-segment.ts';
import { messageOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { namesIn } from './run-ids.ts';

/** `3`, or `3 to 5`. */
function rangeText(from: number, to: number): string {
  return from === to ? String(from) : `${from} to ${to}`;
}

/** Where the numbers of a segment's records leave the sequence 1, 2, 3, ... */
function sequenceFaults(lines: readonly ReadLine[]): {
  readonly missing: readonly string[];
  readonly repeated: readonly number[];
} {
  const missing: string[] = [];
  const repeated: number[] = [];
  let last = 0;
  for (const { seq } of lines) {
    if (seq <= last) {
      repeated.push(seq);
      continue;
    }
    if (seq > last + 1) missing.push(rangeText(last + 1, seq - 1));
    last = seq;
  }
  return { missing, repeated };
}

/** What half-written bytes at the end of a segment can come from. A kill and a cut leave the same. */
function tornText(torn: number, consumed: number): string {
  if (consumed === 0) {
    return `none of its ${torn} bytes are a whole line: its writer died as it began, or somebody cut the file`;
  }
  return `the last ${torn} bytes are no whole line: its writer is writing, or died before it told anybody that they are kept, or somebody cut the file`;
}

function verifySegment(
  runId: string,
  writer: string,
  bytes: Buffer,
  add: (kind: FindingKind, message: string) => void,
): void {
  const { lines, consumed, damaged } = readLines(bytes);
  const { missing, repeated } = sequenceFaults(lines);
  if (damaged > 0) {
    const what =
      damaged === 1 ? '1 line does not match its' : `${damaged} lines do not match their`;
    add('journal_damaged', `${what} checksum`);
  }
  if (missing.length > 0) {
    add('journal_incomplete', `missing in the sequence of records: ${missing.join(', ')}`);
  }
  if (repeated.length > 0) {
    add('journal_repeated', `twice or out of order among the records: ${repeated.join(', ')}`);
  }
  for (const { record } of lines) {
    if (record.kind !== 'segment_opened') continue;
    if (record.run_id === runId && record.writer === writer) continue;
    add('journal_misplaced', `it was written as ${record.run_id}/${record.writer}`);
  }
  const torn = bytes.length - consumed;
  if (torn > 0) add('journal_torn', tornText(torn, consumed));
}

/** Looks whether the journal of a run is whole: each segment complete by its sequence, each line by its checksum. */
export async function verifyJournal(
  environment: RegistryEnvironment,
  runId: string,
): Promise<readonly Finding[]> {
  const { fs, layout } = environment;
  const directory = layout.journal(runId);
  const problems: Problem[] = [];
  const names = await namesIn(environment, directory, problems);
  const findings = problems.map(({ path, message }) => finding('unreadable', path, runId, message));
  for (const writer of names.flatMap((name) => writerOfFile(name) ?? []).toSorted()) {
    const path = join(directory, segmentFile(writer));
    const recorded = layout.recorded(path);
    try {
      verifySegment(runId, writer, await fs.readFile(path), (kind, message) => {
        findings.push(finding(kind, recorded, runId, message));
      });
    } catch (error) {
      findings.push(finding('unreadable', recorded, runId, messageOf(error)));
    }
  }
  return findings;
}
