import { type EndStatus } from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';
import { reportOnce } from './guard.ts';
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
  if (isInterval(expectedIntervalSeconds)) series.expectedInterval = expectedIntervalSeconds;
}

/** An alert on what is late would never go for one below zero, and never come for one that is no number. */
function isInterval(seconds: number | undefined): seconds is number {
  if (seconds === undefined) return false;
  if (Number.isFinite(seconds) && seconds > 0) return true;
  reportOnce(
    'expectedIntervalSeconds',
    `expectedIntervalSeconds: expected a number of seconds above 0, got ${String(seconds)}`,
  );
  return false;
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
