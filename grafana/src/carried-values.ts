import {
  METRIC_STAGE_ACTIVE,
  METRIC_STAGE_EXPECTED_INTERVAL,
  METRIC_STAGE_LAST_FAILURE,
  METRIC_STAGE_LAST_START,
  METRIC_STAGE_LAST_SUCCESS,
  type MetricDefinition,
} from '@milepost/semconv';
import { type AlertSettings } from './alert-settings.ts';
import { prometheusName } from './prometheus-name.ts';

/** A rule that records the value of an expression as a series of its own. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** What tells stages apart; `job` is the service. */
export const STAGE_LABELS = 'job, pipeline, stage, subdomain';

/** Unix time of the last start of a stage, carried on however long ago it was. */
export const LAST_START = 'pipeline:stage_last_start_timestamp_seconds:carried';
/** The same of its last success. */
export const LAST_SUCCESS = 'pipeline:stage_last_success_timestamp_seconds:carried';
/** The same of its last final failure. */
export const LAST_FAILURE = 'pipeline:stage_last_failure_timestamp_seconds:carried';
/** How often it is expected to run, in seconds; carried on as well. */
export const EXPECTED_INTERVAL = 'pipeline:stage_expected_interval_seconds:carried';
/** Unix time of the last start of a stage in a process that fell silent before it ended; carried on as well. */
export const LAST_GONE_START = 'pipeline:stage_last_gone_start_timestamp_seconds:carried';

// As late as telemetry may come out of a spool, and a day.
const LATEST_ARRIVAL = '8d';
// Bridges pauses of Prometheus itself; each evaluation renews the value, so nothing is carried on by this window alone.
const PAUSE = '6h';

/** The rules that carry on what stages last told: a process that runs once a day is silent for the rest of it. */
export function carriedValues(settings: AlertSettings): readonly RecordingRule[] {
  return [
    carried(LAST_START, latest(METRIC_STAGE_LAST_START)),
    carried(LAST_SUCCESS, latest(METRIC_STAGE_LAST_SUCCESS)),
    carried(LAST_FAILURE, latest(METRIC_STAGE_LAST_FAILURE)),
    expectedInterval(),
    carried(LAST_GONE_START, lastGoneStart(settings)),
  ];
}

// Times only grow, so the greatest is the last, in whatever order samples arrive and however many processes tell.
function carried(record: string, expr: string): RecordingRule {
  return {
    record,
    expr: `max by (${STAGE_LABELS}) (${expr} or last_over_time(${record}[${PAUSE}]))`,
  };
}

function latest(metric: MetricDefinition): string {
  return `last_over_time(${prometheusName(metric)}[${LATEST_ARRIVAL}])`;
}

// An interval may become shorter: what was told last is right, not the greatest.
function expectedInterval(): RecordingRule {
  const told = `max by (${STAGE_LABELS}) (${prometheusName(METRIC_STAGE_EXPECTED_INTERVAL)})`;
  const before = `last_over_time(${EXPECTED_INTERVAL}[${PAUSE}])`;
  const late = `max by (${STAGE_LABELS}) (${latest(METRIC_STAGE_EXPECTED_INTERVAL)})`;
  return { record: EXPECTED_INTERVAL, expr: `${told} or ${before} or ${late}` };
}

// Its last word was that the stage runs, and it says nothing any more.
function lastGoneStart({ goneAfter }: AlertSettings): string {
  const active = prometheusName(METRIC_STAGE_ACTIVE);
  return (
    `(${latest(METRIC_STAGE_LAST_START)} and (${latest(METRIC_STAGE_ACTIVE)} > 0)` +
    ` unless present_over_time(${active}[${goneAfter}]))`
  );
}
