/** A value, or between which values it must be, both included. */
export type ExpectedValue = number | { readonly from: number; readonly to: number };

/** A row that an answer must have. */
export interface ExpectedRow {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: ExpectedValue;
}

/** Something that is counted under its labels; those without a value are left out, as servers do. */
export interface Counted {
  readonly labels: Readonly<Record<string, string | undefined>>;
  readonly value: number;
}

type Labels = Readonly<Record<string, string>>;

/** What tells rows apart. */
export function keyOf(labels: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(withoutEmpty(labels))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** One row for each set of labels, of all values that were counted under it. */
export function rowsBy(
  counted: readonly Counted[],
  reduce: (values: readonly [number, ...number[]]) => ExpectedValue,
): readonly ExpectedRow[] {
  const groups = new Map<string, { labels: Labels; values: [number, ...number[]] }>();
  for (const { labels, value } of counted) {
    const key = keyOf(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels: withoutEmpty(labels), values: [value] });
    else group.values.push(value);
  }
  return [...groups.values()].map(({ labels, values }) => ({ labels, value: reduce(values) }));
}

/** All together. */
export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The greatest. */
export function latestOf(values: readonly number[]): number {
  return Math.max(...values);
}

function withoutEmpty(labels: Readonly<Record<string, string | undefined>>): Labels {
  return Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value]],
    ),
  );
}
