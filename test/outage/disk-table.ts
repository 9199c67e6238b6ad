import { type DiskResult, measureDisk } from './disk.ts';
import { markdownTable } from './markdown-table.ts';

const MIB = 2 ** 20;
const DISKS = {
  'full at 1 MiB': 'size=1m,mode=0700',
  'read-only': 'ro,mode=0700',
} as const;

/** A spool on a disk that takes little or nothing, while the collector is away. */
export async function diskTable(options: {
  readonly perSecond: number;
  readonly seconds: number;
}): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const [name, mount] of Object.entries(DISKS)) {
    for (const returns of ['before the end', 'after the end'] as const) {
      rows.push([name, returns, ...cellsOf(await measureDisk({ ...options, mount, returns }))]);
    }
  }
  return markdownTable(
    [
      'disk',
      'collector back',
      'created',
      'arrived',
      'lost',
      'twice',
      'peak RSS, MiB',
      'exit',
      'stderr',
    ],
    rows,
  );
}

function cellsOf(result: DiskResult): (string | number)[] {
  return [
    result.created,
    result.arrived,
    result.lost,
    result.duplicates,
    (result.peakRssBytes / MIB).toFixed(0),
    result.code ?? '-',
    result.stderr.trim().split('\n').join(' '),
  ];
}
