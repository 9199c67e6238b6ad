import { type KillsResult, measureKills } from './kills.ts';
import { type LedgerEntry } from './ledger.ts';
import { markdownTable } from './markdown-table.ts';
import { seededRandom } from './seeded-random.ts';

/** Processes killed while they spool and adopt. */
export async function killsTable(options: {
  readonly kills: number;
  readonly seed: number;
}): Promise<string> {
  const result = await measureKills({ kills: options.kills, random: seededRandom(options.seed) });
  const table = markdownTable(
    [
      'kills',
      'seed',
      'of these while spooling, while adopting',
      'requests in the spool then',
      'records acknowledged or on disk',
      'lost of these',
      'requests sent again, answer unread',
      'sent twice otherwise',
      'left in the spool',
    ],
    [
      [
        result.kills,
        options.seed,
        `${result.whileSpooling}, ${result.whileAdopting}`,
        result.spooledRequests,
        result.acknowledged,
        result.lost.length,
        result.repeatedRequests,
        result.duplicateRequests.length,
        result.left,
      ],
    ],
  );
  return table + detailsOf(result);
}

function detailsOf({ lost, duplicateRequests }: KillsResult): string {
  const requestText = ({ at, sender, signal, keys }: LedgerEntry): string =>
    `- twice: ${at} sender ${sender}, ${signal}, ${keys.length} records from ${keys[0]}\n`;
  const lines = [
    ...lost.slice(0, 20).map((key) => `- lost: ${key}\n`),
    ...duplicateRequests.slice(0, 20).map(requestText),
  ];
  return lines.length === 0 ? '' : `\n${lines.join('')}`;
}
