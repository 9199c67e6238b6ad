import { type Behaviour } from './behaviour.ts';
import { markdownTable } from './markdown-table.ts';
import { type OutageResult, measureOutage } from './outage.ts';

const CONTENDERS = ['milepost', 'plain'] as const;
const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** An outage of the collector at several rates, Milepost and a plain NodeSDK beside each other. */
export async function outageTable(options: {
  /** Stages a second. */
  readonly rates: readonly number[];
  readonly behaviour: Behaviour;
  readonly seconds: number;
}): Promise<string> {
  const seconds = { before: 10, out: options.seconds, after: 10 };
  const rows: (string | number)[][] = [];
  for (const perSecond of options.rates) {
    const { behaviour } = options;
    const results = await Promise.all(
      CONTENDERS.map((contender) => measureOutage(contender, { perSecond, behaviour, seconds })),
    );
    for (const [index, result] of results.entries()) {
      rows.push([perSecond, CONTENDERS[index] ?? '', ...cellsOf(result)]);
    }
  }
  const header = ['stages/s', 'telemetry', 'created', 'delivered', 'lost', 'twice'];
  return markdownTable(
    [
      ...header,
      'again, answer lost',
      'peak RSS, MiB',
      'peak in memory, records',
      'peak spool, KiB',
      'drained after, s',
      'stderr',
    ],
    rows,
  );
}

function cellsOf(result: OutageResult): (string | number)[] {
  return [
    result.created,
    result.arrived,
    `${result.lost} (${((100 * result.lost) / result.created).toFixed(1)} %)`,
    result.duplicates,
    result.repeated,
    (result.peakRssBytes / MIB).toFixed(0),
    result.peakInMemory ?? '-',
    (result.peakSpoolBytes / KIB).toFixed(0),
    result.drainedAfterSeconds.toFixed(1),
    result.stderr.trim().split('\n').join(' '),
  ];
}
