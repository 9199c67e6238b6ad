import { parseRunId, runTraceId } from '@milepost/run-id';
import { ATTR_RUN_ID } from '@milepost/semconv';

// The UIDs of grafana/provisioning and of grafana/dashboards: a test holds them against those files.
const TEMPO = 'tempo';
const LOKI = 'loki';
const RUN_DASHBOARD = 'milepost-run';
/** The organisation in which Grafana puts what it is provisioned with. */
const ORGANISATION = '1';

/** Before and after a run: its spans and logs may come from machines whose clocks differ. */
const MARGIN_MS = 5 * 60_000;
/** The same around the time that a run ID names, which may be of any zone, and tells no end. */
const ID_MARGIN_MS = 24 * 3_600_000;
/** Loki answers no query over more than 721 hours by its default. */
const MAX_RANGE_MS = 720 * 3_600_000;
/** As far back as the dashboard of a run looks by itself. */
const UNKNOWN_RANGE = { from: 'now-7d', to: 'now' };

/** Of which run, and where Grafana is. */
export interface RunLinksOptions {
  /** As `parseGrafanaUrl` reads it. */
  readonly grafana: URL;
  readonly runId: string;
  /** Default: the one that follows from the run ID. */
  readonly traceId?: string | undefined;
  /**
   * When the run began, in milliseconds since the Unix epoch. Default: not known; what is shown are the days around the
   * time that the ID names, or the last seven.
   */
  readonly startTime?: number | undefined;
  /** When it ended, in milliseconds since the Unix epoch. Default: not yet. */
  readonly endTime?: number | undefined;
  /** The present time in milliseconds since the Unix epoch. Default: the clock's. */
  readonly now?: number;
}

/** Where to look at a run: addresses in Grafana, as provisioned by this project. */
export interface RunLinks {
  /** The dashboard of the run. */
  readonly dashboard: string;
  /** Its trace by ID in Explore: Tempo finds it however old it is. */
  readonly trace: string;
  /** All of its log lines in Explore. */
  readonly logs: string;
}

/** What time pickers show: milliseconds since the Unix epoch as text, or relative to now. */
interface GrafanaRange {
  readonly from: string;
  readonly to: string;
}

function rangeOfId(runId: string): GrafanaRange {
  const parsed = parseRunId(runId);
  if (parsed.format === 'opaque') return UNKNOWN_RANGE;
  return { from: `${parsed.timeMs - ID_MARGIN_MS}`, to: `${parsed.timeMs + ID_MARGIN_MS}` };
}

function rangeOf({ runId, startTime, endTime, now = Date.now() }: RunLinksOptions): GrafanaRange {
  if (startTime === undefined) return rangeOfId(runId);
  const from = startTime - MARGIN_MS;
  const last = from + MAX_RANGE_MS;
  const to = Math.min(endTime === undefined ? Infinity : endTime + MARGIN_MS, last);
  // What goes on is shown up to now, also when the page is loaded anew.
  return { from: `${from}`, to: endTime === undefined && now < last ? 'now' : `${to}` };
}

function pageUrl(grafana: URL, path: string, query: Readonly<Record<string, string>>): string {
  const base = grafana.pathname.replace(/\/+$/, '');
  // A space as %20: not everything that an address is pasted into knows a plus for one.
  const search = new URLSearchParams(query).toString().replaceAll('+', '%20');
  return `${grafana.origin}${base}${path}?${search}`;
}

/** Explore with one query: `panes` of Grafana's ExploreURLV1, in every Grafana since 10.1. */
function exploreUrl(
  grafana: URL,
  datasource: string,
  query: Readonly<Record<string, string>>,
  range: GrafanaRange,
): string {
  const source = { type: datasource, uid: datasource };
  // The name of a pane has three characters, or Grafana gives it another.
  const panes = {
    run: { datasource, queries: [{ refId: 'A', datasource: source, ...query }], range },
  };
  return pageUrl(grafana, '/explore', {
    schemaVersion: '1',
    panes: JSON.stringify(panes),
    orgId: ORGANISATION,
  });
}

/**
 * Where to look at a run in Grafana: its dashboard, its trace, its logs. Nothing is asked: the links hold before the run's telemetry has arrived.
 * @throws what `parseRunId` throws
 */
export function runLinks(options: RunLinksOptions): RunLinks {
  const { grafana, runId, traceId = runTraceId(runId) } = options;
  const range = rangeOf(options);
  const field = ATTR_RUN_ID.replaceAll('.', '_');
  const expr = `{service_name=~".+"} | ${field}=${JSON.stringify(runId)}`;
  return {
    dashboard: pageUrl(grafana, `/d/${RUN_DASHBOARD}`, {
      [`var-${field}`]: runId,
      ...range,
      orgId: ORGANISATION,
    }),
    trace: exploreUrl(grafana, TEMPO, { queryType: 'traceql', query: traceId }, range),
    logs: exploreUrl(grafana, LOKI, { expr }, range),
  };
}
