import { type SpoolDeadLetters, type SpoolInspection } from '@milepost/delivery';
import { type Column, columnsFit, layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { drawEntries } from './entries.ts';
import { holderText } from './holder-text.ts';
import { allRecordsText, countsOf, numberText, recordsText } from './record-counts.ts';
import { sizeText } from './size-text.ts';
import { spoolEntries } from './spool-entries.ts';
import { type SpoolGroup, spoolGroups } from './spool-groups.ts';
import { terminalText } from './terminal-text.ts';
import { type DrawingOptions } from './waterfall.ts';

const INDENT = '  ';

/** Commands that the reader may want next. */
export interface SpoolCommands {
  readonly flush: string;
  readonly flushDeadLetters: string;
}

/** An address for people. */
export function addressText(url: string | undefined): string {
  return url === undefined || url === '' ? 'an unknown address' : terminalText(url);
}

function ageText(oldest: number | undefined, now: number): string {
  return oldest === undefined ? '-' : durationText(Math.max(0, now - oldest) / 1000);
}

function renderWaiting(
  groups: readonly SpoolGroup[],
  { paint, width, now }: DrawingOptions,
): readonly string[] {
  const head = (text: string): string => paint('dim', text);
  const table = (addresses: readonly string[]): readonly Column[] => [
    { heading: head('signal'), cells: groups.map(({ signal }) => signal) },
    {
      heading: head('records'),
      cells: groups.map(({ records }) => numberText(records)),
      align: 'right',
    },
    { heading: head('size'), cells: groups.map(({ bytes }) => sizeText(bytes)), align: 'right' },
    {
      heading: head('oldest'),
      cells: groups.map(({ oldest }) => ageText(oldest, now)),
      align: 'right',
    },
    { heading: head('held by'), cells: groups.map(holderText), shrinksTo: 12 },
    { heading: head('for'), cells: addresses },
  ];
  const addresses = groups.map(({ url }) => addressText(url));
  const wide = table(addresses);
  if (columnsFit(wide, width - INDENT.length)) {
    return layOutColumns(wide, width - INDENT.length).map((line) => INDENT + line);
  }
  const notes = [...new Set(addresses)];
  const marks = addresses.map((address) => `[${notes.indexOf(address) + 1}]`);
  const lines = layOutColumns(table(marks), width - INDENT.length);
  // An address is whole, however narrow the terminal: it is there to be copied.
  return [...lines, '', ...notes.map((address, index) => `[${index + 1}] ${address}`)].map((line) =>
    line === '' ? line : INDENT + line,
  );
}

function renderDeadLetters(
  letters: readonly SpoolDeadLetters[],
  { paint, width, now }: DrawingOptions,
): readonly string[] {
  const entries = letters.map(({ signal, reason, records, oldest, url, messages }) => ({
    label: `${recordsText(signal, records)} ${reason}`,
    text: [
      `for ${addressText(url)}, ${ageText(oldest, now)} old`,
      ...messages.map((message) => terminalText(message)),
    ].join('; '),
  }));
  return drawEntries(entries, (label) => paint('red', label), width - 2).map((line) => `  ${line}`);
}

/** What lies in a spool, as lines. */
export function renderSpool(
  spool: SpoolInspection,
  options: DrawingOptions,
  commands: SpoolCommands,
): readonly string[] {
  const { directory, bytes, deadLetters } = spool;
  const entries = spoolEntries(spool);
  const place = terminalText(directory);
  const lines =
    entries.length === 0
      ? [`nothing waits in ${place}`]
      : [
          `${allRecordsText(countsOf(entries))} wait in ${place}, which takes ${sizeText(bytes)}`,
          '',
          ...renderWaiting(spoolGroups(entries), options),
          '',
          entries.every(({ holder }) => holder.life === 'alive')
            ? 'The running process sends it when the collector takes it.'
            : `${commands.flush} sends what processes left that are gone.`,
        ];
  if (deadLetters.length === 0) return lines;
  return [
    ...lines,
    '',
    'dead letters: nobody sends them any more',
    ...renderDeadLetters(deadLetters, options),
    '',
    `${commands.flushDeadLetters} sends them once more.`,
  ];
}
