import { type Counts, type EndedPart, countParts } from './counts.ts';
import { PAGE_JOB } from './page-job.ts';
import { type StoredSpan } from './stored-run.ts';

/** What the spans of a run tell. */
export function countsOfSpans(spans: readonly StoredSpan[]): Counts {
  return countParts(spans.flatMap((span) => partOf(span) ?? []));
}

function partOf({ name, attributes }: StoredSpan): EndedPart | undefined {
  const { status = '', stage = '' } = attributes;
  const unit = attributes['pipeline.unit'];
  const attempt = Number(attributes['attempt']);
  const errorType = attributes['error.type'];
  const failure = errorType === undefined ? undefined : { stage, errorType };
  const items = itemsOf(attributes);
  switch (unit) {
    case 'run':
      return { unit, name: '', key: '', attempt, status };
    case 'stage': {
      const key = `${stage} ${attributes['stage.occurrence'] ?? '1'}`;
      return { unit, name, key, attempt, status, failure, ...items };
    }
    case 'job': {
      const key = `${attributes['queue']} ${attributes['job.id']}`;
      const own = name === PAGE_JOB ? failure : undefined;
      return { unit, name, key, attempt, status, failure: own, ...items };
    }
    default:
      return undefined;
  }
}

function itemsOf(attributes: StoredSpan['attributes']): Pick<EndedPart, 'items'> {
  const { stage = '', 'items.successful': successful, 'items.failed': failed } = attributes;
  return successful === undefined
    ? {}
    : { items: { stage, successful: Number(successful), failed: Number(failed) } };
}
