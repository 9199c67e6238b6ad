import { type Counts, type EndedPart, countParts } from './counts.ts';
import { PAGE_JOB } from './page-job.ts';
import { type StoredLine } from './stored-run.ts';

const RUN_END = /^run_(?:completed|failed|cancelled)$/;
const JOB_END = /^(?:Completed|Failed|Cancelled) (?<job>\w+)$/;

/** What the log lines of a run tell. */
export function countsOfLines(lines: readonly StoredLine[]): Counts {
  return countParts(lines.flatMap((line) => partOf(line) ?? []));
}

function partOf({ line, labels }: StoredLine): EndedPart | undefined {
  const { stage = '', status = '', job_id: jobId = '' } = labels;
  const attempt = Number(labels['attempt']);
  if (RUN_END.test(line)) return { unit: 'run', name: '', key: '', attempt, status };
  const failure = failureOf(labels);
  const items = itemsOf(labels);
  const job = JOB_END.exec(line)?.groups?.['job'];
  if (job !== undefined) {
    const isPage = job === PAGE_JOB;
    return {
      unit: 'job',
      name: job,
      key: jobId,
      attempt,
      status,
      failure: isPage ? failure : undefined,
      ...items,
    };
  }
  if (!isEndOf(stage, line)) return undefined;
  const key = `${stage} ${labels['stage_occurrence'] ?? '1'}`;
  return { unit: 'stage', name: stage, key, attempt, status, failure, ...items };
}

function isEndOf(stage: string, line: string): boolean {
  return ['completed', 'failed', 'cancelled', 'skipped'].some((end) => line === `${stage}_${end}`);
}

function failureOf(labels: StoredLine['labels']): EndedPart['failure'] {
  const { stage = '', error_type: errorType } = labels;
  return errorType === undefined ? undefined : { stage, errorType };
}

function itemsOf(labels: StoredLine['labels']): Pick<EndedPart, 'items'> {
  const { stage = '', items_successful: successful, items_failed: failed } = labels;
  return successful === undefined
    ? {}
    : { items: { stage, successful: Number(successful), failed: Number(failed) } };
}
