import {
  METRIC_STAGE_ACTIVE,
  METRIC_STAGE_DURATION,
  METRIC_STAGE_EXPECTED_INTERVAL,
  METRIC_STAGE_LAST_FAILURE,
  METRIC_STAGE_LAST_START,
  METRIC_STAGE_LAST_SUCCESS,
  type MetricDefinition,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_PARTIAL,
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
/** The same of its last end that was no success: skipped, cancelled, a failure that is retried. Up to 5 minutes later than the end itself. */
export const LAST_OTHER_END = 'pipeline:stage_last_other_end_timestamp_seconds:carried';
/** How often it is expected to run, in seconds; carried on as well. */
export const EXPECTED_INTERVAL = 'pipeline:stage_expected_interval_seconds:carried';
/** Unix time of the last start of a stage in a process that fell silent before it ended; carried on as well. */
export const LAST_GONE_START = 'pipeline:stage_last_gone_start_timestamp_seconds:carried';

// As late as telemetry may come out of a spool, and a day.
const LATEST_ARRIVAL = '8d';
const LATEST_ARRIVAL_SECONDS = 8 * 86_400;
// What came within it is found at every evaluation; what came later, by the rules that look back.
const RECENT = '1h';
// Some evaluations of the rules that look back, at their longest interval.
const FOUND_LATELY = '20m';
// As late as the count of ends that have no time of their own may come.
const OTHER_END_ARRIVAL = '6h';
// Bridges pauses of Prometheus itself; each evaluation renews the value, so nothing is carried on by this window alone.
const PAUSE = '6h';
// A clock that runs ahead must not silence alerts for as long as it does: what it says counts when that time comes.
const CLOCK_TOLERANCE_SECONDS = 300;

/** The rules that carry on what stages last told: a process that runs once a day is silent for the rest of it. */
export function carriedValues(): readonly RecordingRule[] {
  return [
    carried(LAST_START, recent(METRIC_STAGE_LAST_START)),
    carried(LAST_SUCCESS, recent(METRIC_STAGE_LAST_SUCCESS)),
    carried(LAST_FAILURE, recent(METRIC_STAGE_LAST_FAILURE)),
    expectedInterval(),
    carried(LAST_OTHER_END),
    goneStart(),
  ];
}

/** The rules that look back over days, for the others to go on with: they read every sample of every process. */
export function lookedBack(settings: AlertSettings): readonly RecordingRule[] {
  return [
    found(LAST_START, late(METRIC_STAGE_LAST_START)),
    found(LAST_SUCCESS, late(METRIC_STAGE_LAST_SUCCESS)),
    found(LAST_FAILURE, late(METRIC_STAGE_LAST_FAILURE)),
    found(EXPECTED_INTERVAL, late(METRIC_STAGE_EXPECTED_INTERVAL)),
    found(LAST_OTHER_END, lastOtherEnd()),
    found(LAST_GONE_START, lastGoneStart(settings)),
  ];
}

// Times only grow, so the greatest is the last, in whatever order samples arrive and however many processes tell.
function carried(record: string, expr?: string): RecordingRule {
  const told = [...(expr === undefined ? [] : [expr]), foundOf(record), before(record)];
  return { record, expr: latest(told.join(' or ')) };
}

function latest(times: string): string {
  return `max by (${STAGE_LABELS}) ((${times}) <= time() + ${CLOCK_TOLERANCE_SECONDS})`;
}

function found(record: string, expr: string): RecordingRule {
  return { record: foundName(record), expr: `max by (${STAGE_LABELS}) (${expr})` };
}

function foundName(record: string): string {
  return record.replace(/carried$/, 'found');
}

function foundOf(record: string): string {
  return `last_over_time(${foundName(record)}[${FOUND_LATELY}])`;
}

function before(record: string): string {
  return `last_over_time(${record}[${PAUSE}])`;
}

function recent(metric: MetricDefinition): string {
  return `last_over_time(${prometheusName(metric)}[${RECENT}])`;
}

function late(metric: MetricDefinition): string {
  return `last_over_time(${prometheusName(metric)}[${LATEST_ARRIVAL}])`;
}

// An interval may become shorter: what was told last is right, not the greatest.
function expectedInterval(): RecordingRule {
  const told = `max by (${STAGE_LABELS}) (${prometheusName(METRIC_STAGE_EXPECTED_INTERVAL)})`;
  const expr = [told, before(EXPECTED_INTERVAL), foundOf(EXPECTED_INTERVAL)].join(' or ');
  return { record: EXPECTED_INTERVAL, expr };
}

// Taken back as soon as no process is gone: it was only not heard for a while. Only what those rules can see no more is carried on.
function goneStart(): RecordingRule {
  const unseen = `(${before(LAST_GONE_START)} < time() - ${LATEST_ARRIVAL_SECONDS})`;
  return { record: LAST_GONE_START, expr: latest(`${foundOf(LAST_GONE_START)} or ${unseen}`) };
}

// Its last word was that the stage runs, and it says nothing any more.
function lastGoneStart({ goneAfter }: AlertSettings): string {
  const active = prometheusName(METRIC_STAGE_ACTIVE);
  return (
    `${late(METRIC_STAGE_LAST_START)} and (${late(METRIC_STAGE_ACTIVE)} > 0)` +
    ` unless present_over_time(${active}[${goneAfter}])`
  );
}

// No metric tells its time: it is that of the sample in which the count of such ends is greater than in those before.
function lastOtherEnd(): string {
  const successes = `${STATUS_VALUE_COMPLETED}|${STATUS_VALUE_PARTIAL}`;
  const count = `${prometheusName(METRIC_STAGE_DURATION)}_count{status!~"${successes}"}`;
  const before = `(max_over_time(${count}[${RECENT}] offset 5m) or 0 * ${count})`;
  return `max_over_time((timestamp(${count}) and ${count} > ${before})[${OTHER_END_ARRIVAL}:5m])`;
}
