import {
  type ExecutionSummary,
  type JobSummary,
  type JobTry,
  type RunDetail,
} from '@milepost/registry';
import { type Counted } from './tally.ts';

/** An execution of a stage with the run that it belongs to. */
export interface RecordedExecution {
  readonly run: RunDetail;
  readonly execution: ExecutionSummary;
}

/** A try of a job with the job and the run that it belongs to. */
export interface RecordedTry {
  readonly run: RunDetail;
  readonly job: JobSummary;
  readonly jobTry: JobTry;
}

/** Every execution of some runs. */
export function executionsOf(runs: readonly RunDetail[]): readonly RecordedExecution[] {
  return runs.flatMap((run) => run.executions.map((execution) => ({ run, execution })));
}

/** Those that came to an end, also to be tried again. */
export function endedOf(runs: readonly RunDetail[]): readonly RecordedExecution[] {
  return executionsOf(runs).filter(({ execution }) => execution.endTime !== undefined);
}

/** Those whose end was an outcome. */
export function outcomesOf(runs: readonly RunDetail[]): readonly RecordedExecution[] {
  return endedOf(runs).filter(({ execution }) => execution.state !== 'retrying');
}

/** Every try of every job of some runs. */
export function triesOf(runs: readonly RunDetail[]): readonly RecordedTry[] {
  return runs.flatMap((run) =>
    run.jobs.flatMap((job) => job.tries.map((jobTry) => ({ run, job, jobTry }))),
  );
}

/** The tries of the jobs that a stage is spread over: the pages of civic. */
function spreadTriesOf(runs: readonly RunDetail[]): readonly RecordedTry[] {
  return triesOf(runs).filter(({ job }) => job.name === 'ocr_page_job');
}

/** Labels of the stage of an execution. */
export function stageLabels({
  run,
  execution,
}: RecordedExecution): Readonly<Record<'pipeline' | 'stage' | 'subdomain', string | undefined>> {
  return { pipeline: run.pipeline, stage: execution.stage, subdomain: run.subdomain };
}

/** Status of an end as metrics and lines tell it. */
export function statusOf(state: string): string {
  return state === 'retrying' ? 'failed' : state;
}

/** All that stages counted, by pipeline, stage, subdomain and name. */
export function volumeOf(runs: readonly RunDetail[]): readonly Counted[] {
  return [
    ...executionsOf(runs).flatMap((recorded) =>
      Object.entries(recorded.execution.counts).map(([name, value]) => ({
        labels: { ...stageLabels(recorded), name },
        value,
      })),
    ),
    ...spreadTriesOf(runs).flatMap(({ run, job, jobTry }) =>
      jobTry.attempt === job.attempt
        ? Object.entries(job.counts).map(([name, value]) => ({
            labels: { pipeline: run.pipeline, stage: job.stage, subdomain: run.subdomain, name },
            value,
          }))
        : [],
    ),
  ];
}

/** Every error that ended an execution, or a job that a stage is spread over, by class. */
export function errorsOf(runs: readonly RunDetail[]): readonly Counted[] {
  const ended = [
    ...endedOf(runs).map((recorded) => ({
      labels: stageLabels(recorded),
      error: recorded.execution.error,
    })),
    ...spreadTriesOf(runs).map(({ run, job, jobTry }) => ({
      labels: { pipeline: run.pipeline, stage: job.stage, subdomain: run.subdomain },
      error: jobTry.error,
    })),
  ];
  return ended.flatMap(({ labels, error }) =>
    error === undefined
      ? []
      : [
          {
            labels: {
              ...labels,
              error_type: error.error_type,
              error_category: error.error_category,
            },
            value: 1,
          },
        ],
  );
}

/** The last end of every item, by status. */
export function itemsOf(runs: readonly RunDetail[]): readonly Counted[] {
  return executionsOf(runs).flatMap((recorded) => {
    const { successful = 0, failed = 0 } = recorded.execution.items ?? {};
    const labels = stageLabels(recorded);
    return [
      { labels: { ...labels, status: 'completed' }, value: successful },
      { labels: { ...labels, status: 'failed' }, value: failed },
    ];
  });
}

/** Every failure of an item, each of a page that is tried again too: each has a line. */
export function itemFailuresOf(runs: readonly RunDetail[]): readonly Counted[] {
  return [
    ...itemsOf(runs).filter(({ labels }) => labels['status'] === 'failed'),
    ...spreadTriesOf(runs)
      .filter(({ jobTry }) => jobTry.state === 'retrying')
      .map(({ run, job }) => ({
        labels: {
          pipeline: run.pipeline,
          stage: job.stage,
          subdomain: run.subdomain,
          status: 'failed',
        },
        value: 1,
      })),
  ];
}

/** What was counted, by some of its labels alone. */
export function byLabels(
  counted: readonly Counted[],
  names: readonly string[],
): readonly Counted[] {
  return counted.map(({ labels, value }) => ({
    labels: Object.fromEntries(names.map((name) => [name, labels[name]])),
    value,
  }));
}

/** The runs that have no end. */
export function unendedOf(runs: readonly RunDetail[]): readonly RunDetail[] {
  return runs.filter(({ state }) => state !== 'ended');
}
