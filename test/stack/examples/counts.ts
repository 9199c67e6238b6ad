/** How many of what there are: `stage fetch completed`, `tries of ocr_page_job`, `items of fetch failed`. What there is none of is not in it. */
export type Counts = Readonly<Record<string, number>>;

/** Something of a run that has ended, as any of those that keep it tells of it. */
export interface EndedPart {
  readonly unit: 'run' | 'stage' | 'job';
  /** Of the stage or of the kind of job. Empty for the run. */
  readonly name: string;
  /** The same for all tries of one part, and no other's. */
  readonly key: string;
  readonly attempt: number;
  readonly status: string;
  /** The stage in which it is, and what failed it: undefined where it did not fail, and where others tell of the same failure. */
  readonly failure?: { readonly stage: string; readonly errorType: string } | undefined;
  /** What became of its items, where it has some that no other part counts. */
  readonly items?: { readonly stage: string; readonly successful: number; readonly failed: number };
}

/**
 * Counts what has ended: runs, stages and jobs by their last outcome; their tries; items that completed in each try, and that
 * failed in the last one; failures of stages, and of the jobs that a stage is spread over, in each try.
 */
export function countParts(parts: readonly EndedPart[]): Counts {
  const last = [...Map.groupBy(parts, ({ unit, key }) => `${unit} ${key}`).values()].flatMap(
    (tries) => tries.toSorted((a, b) => b.attempt - a.attempt).slice(0, 1),
  );
  return sumOf([
    ...last.map(({ unit, name, status }) => ({ [joined(unit, name, status)]: 1 })),
    ...parts.flatMap(({ unit, name }) =>
      unit === 'run' ? [] : [{ [joined('tries of', unit, name)]: 1 }],
    ),
    ...parts.flatMap(({ failure }) =>
      failure === undefined ? [] : [{ [`failures of ${failure.stage}: ${failure.errorType}`]: 1 }],
    ),
    ...parts.flatMap(({ items }) =>
      items === undefined ? [] : [{ [`items of ${items.stage} completed`]: items.successful }],
    ),
    ...last.flatMap(({ items }) =>
      items === undefined ? [] : [{ [`items of ${items.stage} failed`]: items.failed }],
    ),
  ]);
}

/** The sum of counts, those of nothing left out, in the order of their names. */
export function sumOf(all: readonly Counts[]): Counts {
  const sums = new Map<string, number>();
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) {
      sums.set(name, (sums.get(name) ?? 0) + count);
    }
  }
  return Object.fromEntries(
    [...sums].filter(([, count]) => count !== 0).toSorted(([a], [b]) => a.localeCompare(b)),
  );
}

function joined(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ');
}
