import { type EndStatus } from '@milepost/semconv';
import { durationInstruments } from './instruments.ts';
import { type JobSeries } from './job-series.ts';

/** Counts the start of a try of a job in its metrics. */
export function countJobStart(series: JobSeries): void {
  durationInstruments();
  series.active += 1;
  series.attempts += 1;
}

/** Counts the end of a try of a job in its metrics. Where the queue is going to run it again, that is no outcome. */
export function countJobEnd(
  series: JobSeries,
  end: {
    readonly status: EndStatus;
    readonly willRetry: boolean;
    readonly durationSeconds: number;
    readonly waitSeconds: number | undefined;
  },
): void {
  const count = series.ended[end.status];
  const { jobDuration, jobWait } = durationInstruments();
  series.active -= 1;
  jobDuration.record(end.durationSeconds, count.attributes);
  if (end.waitSeconds !== undefined) jobWait.record(end.waitSeconds, count.attributes);
  if (!end.willRetry) count.value += 1;
}
