import { type BurstResult, measureBurst } from './burst.ts';
import { markdownTable } from './markdown-table.ts';

const COLLECTORS = {
  up: { kind: 'accept' },
  refusing: { kind: 'refuse' },
  hanging: { kind: 'hang' },
} as const;
const VARIANTS = [
  ['milepost', 'shutdown'],
  ['milepost', 'exit'],
  ['plain', 'shutdown'],
] as const;
const MIB = 2 ** 20;

/** Many stages made at once, synchronously; then the program shuts down, or exits. */
export async function burstTable(sizes: readonly number[]): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const stages of sizes) {
    for (const [name, behaviour] of Object.entries(COLLECTORS)) {
      for (const [contender, order] of VARIANTS) {
        const result = await measureBurst(contender, { stages, behaviour, order });
        rows.push([stages, name, contender, order, ...cellsOf(result)]);
      }
    }
  }
  return markdownTable(
    [
      'stages at once',
      'collector',
      'telemetry',
      'end',
      'created',
      'arrived',
      'lost',
      'twice',
      'took, s',
      'end took, s',
      'peak RSS, MiB',
      'exit',
      'stderr',
    ],
    rows,
  );
}

function cellsOf(result: BurstResult): (string | number)[] {
  return [
    result.created,
    result.arrived,
    `${result.lost} (${((100 * result.lost) / result.created).toFixed(1)} %)`,
    result.duplicates,
    result.seconds.toFixed(2),
    (result.endingMs / 1000).toFixed(2),
    (result.peakRssBytes / MIB).toFixed(0),
    result.code ?? '-',
    result.stderr.trim().split('\n').join(' '),
  ];
}
