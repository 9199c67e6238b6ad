import { type RunDetail } from '@milepost/registry';
import { PAGE_JOB, SPREAD_STAGE } from './page-job.ts';
import { endedOf } from './page-values.ts';

/** Failures by their type and stage. */
export type Errors = readonly (readonly [stageAndType: string, count: number])[];

/** Of stages, each failed try. */
export function stageErrors(runs: readonly RunDetail[]): Errors {
  return endedOf(runs).flatMap(({ stage, error }) =>
    error === undefined ? [] : [[`${error.error_type} ${stage}`, 1]],
  );
}

/** Of jobs, or of those of one name, each failed try. */
export function jobErrors(runs: readonly RunDetail[], only?: string): Errors {
  return runs
    .flatMap(({ jobs }) => jobs.filter(({ name }) => only === undefined || name === only))
    .flatMap(({ stage = '', tries }) =>
      tries.flatMap(({ error }) =>
        error === undefined ? [] : [[`${error.error_type} ${stage}`, 1] as const],
      ),
    );
}

/** Of each failed item; where each has a job, of each try. */
export function itemErrors(runs: readonly RunDetail[]): Errors {
  return runs.flatMap((run) =>
    failedItems(run).map(({ stage, error }) => [`${error?.error_type ?? ''} ${stage}`, 1] as const),
  );
}

type FailedItem = RunDetail['failedItems'][number];

/** Failed items; where each has a job, each failed try of it. */
export function failedItems(run: RunDetail): readonly FailedItem[] {
  const pages = run.jobs.filter(({ name }) => name === PAGE_JOB);
  return run.failedItems.flatMap((item) => {
    if (pages.length === 0 || item.stage !== SPREAD_STAGE) return [item];
    // `minutes-2026-03-11-page-1` is read by the job `….ocr.minutes-2026-03-11.1`.
    const end = `.${item.itemId.replace(/-page-(?=\d+$)/, '.')}`;
    const own = pages.filter(({ jobId }) => jobId.endsWith(end));
    return own.flatMap(({ tries }) =>
      tries.flatMap(({ error }) => (error === undefined ? [] : [{ ...item, error }])),
    );
  });
}

/** What failed in a run, as the query of the page formats it. */
export function errorLines(run: RunDetail): readonly string[] {
  const line = (
    stage: string,
    item: string,
    error: { readonly error_type: string; readonly error_message: string } | undefined,
  ): readonly string[] =>
    error === undefined
      ? []
      : [`${run.runId} ${stage} ${item} ${error.error_type}: ${error.error_message}`];
  return [
    ...line('', '', run.error),
    ...endedOf([run]).flatMap(({ stage, error }) => line(stage, '', error)),
    ...run.jobs.flatMap(({ stage = '', tries }) =>
      tries.flatMap(({ error }) => line(stage, '', error)),
    ),
    ...failedItems(run).flatMap(({ stage, itemId, error }) => line(stage, itemId, error)),
  ];
}
