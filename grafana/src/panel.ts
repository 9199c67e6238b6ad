/** A query of a panel. */
export interface PanelQuery {
  readonly datasource: 'prometheus' | 'loki' | 'tempo';
  readonly expr: string;
  /** Name of each series, with `{{label}}`. Default: its labels. */
  readonly legend?: string;
  /** The value now and not its course. Default: false. */
  readonly instant?: boolean;
  /** Least distance of two points, `1h`. Default: as many points as there are pixels. */
  readonly minStep?: string;
}

/** A column of a table. What no column names is not shown. */
export interface Column {
  /** Its field in the answer: a label; `Value` of Prometheus, `Value #A` of Loki or where there are several queries. */
  readonly field: string;
  readonly title: string;
  /** A unit of Grafana. Default: text. */
  readonly unit?: string;
  /**
   * Where a value leads to: its run, its stage, or that stage of its subdomain. The latter two need columns of pipeline and stage,
   * the last one is for a column of subdomains: a field that not all answers have can be named in its own column only.
   */
  readonly opens?: 'run' | 'stage' | 'subdomain';
  /** How far back looks what it opens, of a panel that looks beyond the time shown: `30d`. Default: the time shown. */
  readonly opensLast?: string;
  /** Whether its values are statuses, to be coloured. Default: false. */
  readonly isStatus?: boolean;
  /** Whether any value in it is bad news, to be red. Default: false. */
  readonly isBad?: boolean;
  /** Texts for values, `{ 0: 'never' }`. */
  readonly valueTexts?: Readonly<Record<string, string>>;
  /** In pixels. Default: its share. */
  readonly width?: number;
}

/** From which value on a colour stands for it; the first from anything on. */
export interface ThresholdStep {
  readonly from: number | null;
  readonly colour: 'green' | 'yellow' | 'red' | 'blue' | 'text';
}

/** A panel of a dashboard. */
export interface Panel {
  readonly kind: 'timeseries' | 'bars' | 'stat' | 'table' | 'heatmap' | 'logs' | 'traces';
  readonly title: string;
  /** What it tells, and what to make of it. */
  readonly description: string;
  /** A unit of Grafana; of a heat map that of its axis. */
  readonly unit: string;
  /** What stands there instead of nothing. */
  readonly noData: string;
  readonly queries: readonly PanelQuery[];
  /** Of 24. */
  readonly width: number;
  /** In Grafana's rows of 30 pixels. */
  readonly height: number;
  /** Of a table. Default: all fields of the answer. */
  readonly columns?: readonly Column[];
  /** The title of the column that a table is sorted by. Default: as the answer is. */
  readonly sortBy?: { readonly column: string; readonly descending: boolean };
  readonly thresholds?: readonly ThresholdStep[];
  /** Texts for values, `{ 1: 'up' }`. */
  readonly valueTexts?: Readonly<Record<string, string>>;
  /** The greatest value that there can be. */
  readonly max?: number;
  /** Whether series are named by a status, to be coloured. Default: false. */
  readonly isByStatus?: boolean;
  /** How far back it looks, `30d`, whatever the dashboard's time is. */
  readonly timeFrom?: string;
  /** Of lines. Default: `oldest`. */
  readonly first?: 'oldest' | 'newest';
}

/** A variable of a dashboard. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** What it is, and where to find a value of it. */
  readonly description?: string;
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
