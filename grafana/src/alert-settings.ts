/** What one may want otherwise. Durations are Prometheus' (`30m`). */
export interface AlertSettings {
  /** How often what is urgent is evaluated; Grafana takes multiples of 10 s. */
  readonly evaluationInterval: string;
  /** How often what looks back over days is evaluated: tendencies, processes that are gone, what came late. At most 5 minutes. */
  readonly lookBackInterval: string;
  /**
   * How long a process must have been silent to count as gone while its stage runs. Longer than the collector is ever away: a silent collector looks
   * like a dead process.
   */
  readonly goneAfter: string;
  /** How long a stage may run in a living process before it counts as stuck, in seconds. */
  readonly stuckAfterSeconds: number;
  /** How late a start may be, as a factor of the expected interval. */
  readonly lateFactor: number;
  /** Over how long outcomes are counted. */
  readonly window: string;
  /** Share of failed outcomes above which a stage fails too often. */
  readonly failureRatio: number;
  /** How many outcomes a share needs. */
  readonly minimumOutcomes: number;
  /** How long a tendency must hold before it is told. */
  readonly tendencyHolds: string;
  /** How many times slower than in the week before the last day a stage counts as slow. */
  readonly slowFactor: number;
  /** Where Grafana is, for links; no slash at the end. */
  readonly grafanaUrl: string;
  /** The page with a section for each alert; where yours is on the web, its address. */
  readonly runbookUrl: string;
}

/** What the committed files have. */
export const DEFAULT_ALERT_SETTINGS: AlertSettings = {
  // A failure is told within a minute: 10 s until Prometheus knows it, 10 s more until Grafana does, 30 s until Grafana tells.
  evaluationInterval: '10s',
  lookBackInterval: '5m',
  goneAfter: '30m',
  stuckAfterSeconds: 6 * 3600,
  lateFactor: 1.1,
  window: '1d',
  failureRatio: 0.2,
  minimumOutcomes: 5,
  tendencyHolds: '5m',
  slowFactor: 2,
  grafanaUrl: 'http://localhost:3000',
  runbookUrl: 'grafana/RUNBOOK.md',
};
