import {
  METRIC_STAGE_ACTIVE,
  METRIC_STAGE_DURATION,
  METRIC_STAGE_ITEMS,
  METRIC_STAGE_LAST_START,
  METRIC_STAGE_RUNS,
  METRIC_TELEMETRY_LOST,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
} from '@milepost/semconv';
import { type AlertSettings } from './alert-settings.ts';
import {
  EXPECTED_INTERVAL,
  LAST_FAILURE,
  LAST_GONE_START,
  LAST_OTHER_END,
  LAST_START,
  LAST_SUCCESS,
  STAGE_LABELS,
} from './carried-values.ts';
import { grown, grownInWeekBefore } from './grown.ts';
import { prometheusName } from './prometheus-name.ts';
import { refusedRecords } from './refused-records.ts';

/** How urgent an alert is: someone has to act now, or look at it today. */
export type Severity = 'critical' | 'warning';

/** An alert, of which both rule files are made. */
export interface Alert {
  readonly name: string;
  /** Gives a series for each thing that is wrong. */
  readonly expr: string;
  /** How long it must be wrong. */
  readonly holds: string;
  readonly severity: Severity;
  /** Whether it looks back over so many samples that it is evaluated less often. Default: false. */
  readonly looksBack?: true;
  /** One line, with `{{ $labels.x }}` of Prometheus. */
  readonly summary: string;
  readonly description: string;
  /** Which dashboard shows it. */
  readonly dashboard: 'milepost-stage' | 'milepost-telemetry';
}

const STAGE = '{{ $labels.stage }} of {{ $labels.pipeline }}';
const WHERE = '{{ if $labels.subdomain }} ({{ $labels.subdomain }}){{ end }}';
const AGO = '{{ $value | humanizeDuration }}';

/** Every alert of Milepost. */
export function alerts(settings: AlertSettings): readonly Alert[] {
  const { window, minimumOutcomes, failureRatio, slowFactor, stuckAfterSeconds, lateFactor } =
    settings;
  const outcomes = `sum by (${STAGE_LABELS}) (${grown(METRIC_STAGE_RUNS, window, countedOnly())})`;
  const failures = `sum by (${STAGE_LABELS}) (${grown(METRIC_STAGE_RUNS, window, failedOnly())})`;
  const today = p95(grown(METRIC_STAGE_DURATION, window, '', '_bucket'));
  const weekBefore = p95(grownInWeekBefore(METRIC_STAGE_DURATION, window, '', '_bucket'));
  return [
    {
      name: 'PipelineStageFailed',
      // Time since the failure, where no success came after it.
      expr: `time() - (${LAST_FAILURE} > (${LAST_SUCCESS} or ${LAST_FAILURE} * 0))`,
      holds: '0s',
      severity: 'critical',
      summary: `${STAGE}${WHERE} failed`,
      description: `Its last end was a failure, ${AGO} ago. No success since.`,
      dashboard: 'milepost-stage',
    },
    {
      name: 'PipelineItemsFailed',
      expr: `sum by (${STAGE_LABELS}) (${grown(METRIC_STAGE_ITEMS, window, failedOnly())}) > 0`,
      holds: '0s',
      severity: 'warning',
      summary: `Items failed in ${STAGE}${WHERE}`,
      description: `{{ $value }} items failed within ${window}; the stage itself may have gone on.`,
      dashboard: 'milepost-stage',
    },
    {
      name: 'PipelineStageStale',
      expr: `time() - ${LAST_START} > ${lateFactor} * ${EXPECTED_INTERVAL}`,
      holds: '0s',
      severity: 'critical',
      summary: `${STAGE}${WHERE} did not run when expected`,
      description: `It last started ${AGO} ago, longer than its expected interval.`,
      dashboard: 'milepost-stage',
    },
    {
      name: 'PipelineStageStuck',
      expr: `time() - (${goneWithoutEnd()} or ${neverEnded(stuckAfterSeconds)}) or ${tooLong(stuckAfterSeconds)}`,
      holds: '0s',
      severity: 'critical',
      summary: `${STAGE}${WHERE} started and never ended`,
      description: `It started ${AGO} ago. Its process is gone (killed, out of memory, power lost), it hangs, or what was to end it never came.`,
      dashboard: 'milepost-stage',
    },
    {
      name: 'PipelineFailureRatioHigh',
      expr: `${failures} / ${outcomes} > ${failureRatio} and ${outcomes} >= ${minimumOutcomes}`,
      holds: settings.tendencyHolds,
      severity: 'warning',
      looksBack: true,
      summary: `${STAGE}${WHERE} fails often`,
      description: `{{ $value | humanizePercentage }} of its outcomes within ${window} (completed, partial, failed) are failures.`,
      dashboard: 'milepost-stage',
    },
    {
      name: 'PipelineStageSlow',
      expr:
        `${today} / ${weekBefore} > ${slowFactor}` +
        ` and sum by (${STAGE_LABELS}) (${grown(METRIC_STAGE_DURATION, window, '', '_count')}) >= ${minimumOutcomes}`,
      holds: settings.tendencyHolds,
      severity: 'warning',
      looksBack: true,
      summary: `${STAGE}${WHERE} is slow`,
      description: `The p95 of its duration within ${window} is {{ $value | humanize }} times that of the week before.`,
      dashboard: 'milepost-stage',
    },
    {
      name: 'PipelineTelemetryLost',
      expr: `sum by (job, signal, reason) (${grown(METRIC_TELEMETRY_LOST, window)}) > 0 or ${refusedRecords(window)}`,
      holds: '0s',
      severity: 'warning',
      summary: 'Telemetry was lost, says {{ $labels.job }}',
      description: `{{ if $labels.exporter }}Up to {{ end }}{{ $value | humanize }} {{ $labels.signal }} records were lost within ${window}: {{ $labels.reason }}. Counts and dashboards lack them.`,
      dashboard: 'milepost-telemetry',
    },
  ];
}

function failedOnly(): string {
  return `{status="${STATUS_VALUE_FAILED}"}`;
}

// A stage that was skipped or cancelled neither worked nor failed.
function countedOnly(): string {
  const counted = [STATUS_VALUE_COMPLETED, STATUS_VALUE_PARTIAL, STATUS_VALUE_FAILED];
  return `{status=~"${counted.join('|')}"}`;
}

function goneWithoutEnd(): string {
  return withoutEnd(LAST_GONE_START, [LAST_SUCCESS, LAST_FAILURE]);
}

// Also of a stage that is spread over jobs: no process counts it as running.
function neverEnded(stuckAfterSeconds: number): string {
  const open = withoutEnd(LAST_START, [LAST_SUCCESS, LAST_FAILURE, LAST_OTHER_END]);
  return `(${open} and ${LAST_START} < time() - ${stuckAfterSeconds})`;
}

function withoutEnd(start: string, ends: readonly string[]): string {
  return ends.map((end) => `${start} > (${end} or ${start} * 0)`).join(' and ');
}

function tooLong(stuckAfterSeconds: number): string {
  const start = prometheusName(METRIC_STAGE_LAST_START);
  // Of the same process: starts in others say nothing of it.
  const running = `${prometheusName(METRIC_STAGE_ACTIVE)} > 0`;
  return `max by (${STAGE_LABELS}) (time() - ${start} > ${stuckAfterSeconds} and ${running})`;
}

function p95(buckets: string): string {
  return `histogram_quantile(0.95, sum by (${STAGE_LABELS}, le) (${buckets}))`;
}
