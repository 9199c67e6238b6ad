/** What one may want otherwise. Durations are Prometheus' (`30m`). */
export interface AlertSettings {
  /** How often rules are evaluated; Grafana takes multiples of 10 s. */
  readonly evaluationInterval: string;
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
  /** How many times slower than over its own week a stage counts as slow. */
  readonly slowFactor: number;
  /** Where Grafana is, for links; no slash at the end. */
  readonly grafanaUrl: string;
  /** The page with a section for each alert; where yours is on the web, its address. */
  readonly runbookUrl: string;
}

/** What the committed files have. */
export const DEFAULT_ALERT_SETTINGS: AlertSettings = {
  evaluationInterval: '30s',
  goneAfter: '30m',
  stuckAfterSeconds: 6 * 3600,
  lateFactor: 1.1,
  window: '1d',
  failureRatio: 0.2,
  minimumOutcomes: 5,
  slowFactor: 2,
  grafanaUrl: 'http://localhost:3000',
  runbookUrl: 'grafana/RUNBOOK.md',
};
