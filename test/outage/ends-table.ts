import { COLLECTORS, addedMs, measureEnd } from './ends.ts';
import { markdownTable } from './markdown-table.ts';
import { END_NAMES, type EndName, RECORDS_DUE } from './programs/ends.ts';
import { type Ended, runToEnd } from './run-to-end.ts';
import { splitStderr } from './split-stderr.ts';

/** Where a program spooled: another directory each time. */
const SPOOL_PATH = /\S*milepost-end-\w+/g;

/** Every end of a program with every kind of collector, and the same program without Milepost beside it. */
export async function endsTable(options: { readonly repeats: number }): Promise<string> {
  const rows: string[][] = [];
  for (const end of END_NAMES) {
    const without = await repeat(options.repeats, () => runToEnd('none', end, {}));
    for (const name of Object.keys(COLLECTORS)) {
      rows.push([end, name, ...(await cellsOf(end, name, without))]);
    }
  }
  return markdownTable(
    [
      'end',
      'collector',
      `delivered (of ${RECORDS_DUE})`,
      'spooled',
      'lost',
      'twice',
      'metric points',
      'exit',
      'exit without',
      'added time, ms (each)',
      'stderr as without',
      'line of ours',
    ],
    rows,
  );
}

async function cellsOf(end: EndName, name: string, without: readonly Ended[]): Promise<string[]> {
  const collector = COLLECTORS[name];
  if (collector === undefined) throw new Error(`no such collector: ${name}`);
  const results = await repeat(without.length, () => measureEnd(collector, end));
  const ended = results.map((result) => result.ended);
  const each = (values: readonly (string | number)[]): string => [...new Set(values)].join(', ');
  const said = ended.map(({ stderr }) => splitStderr(stderr));
  const expected = without[0]?.stderr;
  const added = ended.map((one) => addedMs([one], without).toFixed(0)).join(', ');
  return [
    each(results.map(({ delivered }) => delivered)),
    each(results.map(({ spooled }) => spooled)),
    each(results.map(({ lost }) => lost)),
    each(results.map(({ duplicates }) => duplicates)),
    each(results.map(({ metricPoints }) => metricPoints)),
    each(ended.map(exitOf)),
    each(without.map(exitOf)),
    `${addedMs(ended, without).toFixed(0)} (${added})`,
    each(said.map(({ rest }) => (rest === expected ? 'yes' : `no: ${rest}`))),
    each(said.map(({ ours }) => ours.join(' / ').replaceAll(SPOOL_PATH, '{spool}'))),
  ];
}

const exitOf = ({ code, signal }: Ended): string => signal ?? String(code);

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let n = 0; n < times; n += 1) results.push(await work());
  return results;
}
