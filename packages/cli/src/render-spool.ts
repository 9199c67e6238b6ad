import { hostname } from 'node:os';
import { type SpoolDeadLetters, type SpoolHolder, type SpoolInspection } from '@milepost/delivery';
import { layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { drawEntries } from './entries.ts';
import { allRecordsText, countsOf, numberText, recordsText } from './record-counts.ts';
import { sizeText } from './size-text.ts';
import { type SpoolEntry, spoolEntries } from './spool-entries.ts';
import { terminalText } from './terminal-text.ts';
import { type DrawingOptions } from './waterfall.ts';

/** Commands that the reader may want next. */
export interface SpoolCommands {
  readonly flush: string;
  readonly flushDeadLetters: string;
}

/** Who holds something: `process 4711, gone`. */
export function holderText({ life, identity }: SpoolHolder): string {
  if (life === 'released' || identity === undefined) {
    return life === 'alive' ? 'a running process' : 'nobody: its process ended';
  }
  const thread = identity.threadId === 0 ? '' : `, thread ${identity.threadId}`;
  const host = identity.host === hostname() ? '' : ` on ${terminalText(identity.host, 60)}`;
  return `process ${identity.pid}${thread}${host}, ${life === 'alive' ? 'running' : 'gone'}`;
}

/** An address for people. */
export function addressText(url: string | undefined): string {
  return url === undefined || url === '' ? 'an unknown address' : terminalText(url);
}

function ageText(oldest: number | undefined, now: number): string {
  return oldest === undefined ? '-' : durationText(Math.max(0, now - oldest) / 1000);
}

function renderWaiting(
  entries: readonly SpoolEntry[],
  { paint, width, now }: DrawingOptions,
): readonly string[] {
  const head = (text: string): string => paint('dim', text);
  return layOutColumns(
    [
      { heading: head('signal'), cells: entries.map(({ signal }) => signal) },
      {
        heading: head('records'),
        cells: entries.map(({ records }) => numberText(records)),
        align: 'right',
      },
      {
        heading: head('size'),
        cells: entries.map(({ bytes }) => sizeText(bytes)),
        align: 'right',
      },
      {
        heading: head('oldest'),
        cells: entries.map(({ oldest }) => ageText(oldest, now)),
        align: 'right',
      },
      {
        heading: head('held by'),
        cells: entries.map(({ holder }) => holderText(holder)),
        shrinksTo: 12,
      },
      {
        heading: head('for'),
        cells: entries.map(({ url }) => addressText(url)),
        shrinksTo: 12,
      },
    ],
    width - 2,
  ).map((line) => `  ${line}`);
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
          ...renderWaiting(entries, options),
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
