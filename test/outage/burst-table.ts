import { type BurstResult, measureBurst } from './burst.ts';
import { markdownTable } from './markdown-table.ts';

const COLLECTORS = { up: { kind: 'accept' }, refusing: { kind: 'refuse' } } as const;
const CONTENDERS = ['milepost', 'plain'] as const;
const MIB = 2 ** 20;

/** Many stages made at once, synchronously; then the program shuts down. */
export async function burstTable(sizes: readonly number[]): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const stages of sizes) {
    for (const [name, behaviour] of Object.entries(COLLECTORS)) {
      for (const contender of CONTENDERS) {
        const result = await measureBurst(contender, { stages, behaviour });
        rows.push([stages, name, contender, ...cellsOf(result)]);
      }
    }
  }
  return markdownTable(
    [
      'stages at once',
      'collector',
      'telemetry',
      'created',
      'arrived',
      'lost',
      'twice',
      'took, s',
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
    (result.peakRssBytes / MIB).toFixed(0),
    result.code ?? '-',
    result.stderr.trim().split('\n').join(' '),
  ];
}
