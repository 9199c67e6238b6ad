import { type EndStatus } from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';
import { durationInstruments } from './instruments.ts';
import { countError } from './named-series.ts';
import { type StageSeries } from './stage-series.ts';

/** Counts the start of a stage in its metrics; one that is spread over jobs runs in no process of its own. */
export function countStageStart(
  series: StageSeries,
  startTimeMs: number,
  expectedIntervalSeconds: number | undefined,
  isSpread: boolean = false,
): void {
  durationInstruments();
  if (!isSpread) series.active += 1;
  series.lastStart = startTimeMs / 1000;
  if (expectedIntervalSeconds !== undefined) series.expectedInterval = expectedIntervalSeconds;
}

/** Counts the end of a stage in its metrics. A failure that is to be retried is an error, but no outcome. */
export function countStageEnd(
  series: StageSeries,
  status: EndStatus,
  willRetry: boolean,
  startTimeMs: number,
  durationSeconds: number,
  error: ErrorDescription | undefined,
  isSpread: boolean = false,
): void {
  const count = series.runs[status];
  if (!isSpread) series.active -= 1;
  durationInstruments().stageDuration.record(durationSeconds, count.attributes);
  if (error !== undefined) countError(series, error.type, error.category);
  if (willRetry) return;
  count.value += 1;
  const endTime = startTimeMs / 1000 + durationSeconds;
  if (status === 'completed' || status === 'partial') series.lastSuccess = endTime;
  else if (status === 'failed') series.lastFailure = endTime;
}
