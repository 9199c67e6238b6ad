/** A query of a panel. */
export interface PanelQuery {
  readonly datasource: 'prometheus' | 'loki' | 'tempo';
  readonly expr: string;
  /** Name of each series, with `{{label}}`. Default: its labels. */
  readonly legend?: string;
  /** The value now and not its course. Default: false. */
  readonly instant?: boolean;
}

/** A panel of a dashboard. */
export interface Panel {
  readonly kind: 'timeseries' | 'bars' | 'stat' | 'table' | 'heatmap' | 'logs' | 'traces';
  readonly title: string;
  /** What it tells, and what to make of it. */
  readonly description: string;
  /** A unit of Grafana. */
  readonly unit: string;
  /** What stands there instead of nothing. */
  readonly noData: string;
  readonly queries: readonly PanelQuery[];
  /** Of 24. */
  readonly width: number;
  /** In Grafana's rows of 30 pixels. */
  readonly height: number;
}

/** A variable of a dashboard. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** Prometheus query of its values; without one the user types it. */
  readonly values?: string;
}

/** A dashboard. */
export interface DashboardPlan {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  /** How far back it looks at first, `24h`. */
  readonly from: string;
  readonly panels: readonly Panel[];
}
