/** A number by what its row is of: the values of its labels. */
export type ExpectedValues = readonly (readonly [row: string, value: number])[];

/** What a query of grafana/README.md answers, once it is filled in. */
export interface ExpectedAnswer {
  /** By name, without `$`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Rows of an instant query; where their order is the point, in order. */
  readonly values?: ExpectedValues;
  readonly isOrdered?: boolean;
  /** Log lines, in no order. */
  readonly lines?: readonly string[];
  /** IDs of traces. */
  readonly traces?: readonly string[];
}
