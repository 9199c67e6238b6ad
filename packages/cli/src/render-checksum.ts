import { type ChecksumSighting } from '@milepost/registry';
import { layOutColumns } from './columns.ts';
import { itemText, terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';

/** Where files of a checksum were seen, one line each under a line of headings, then the paths of outputs. */
export function renderChecksum(
  sha256: string,
  sightings: readonly ChecksumSighting[],
  { paint, width }: DrawingOptions,
): readonly string[] {
  const head = (text: string): string => paint('dim', text);
  const cells = (of: (sighting: ChecksumSighting) => string): readonly string[] =>
    sightings.map(of);
  const name = (text: string | undefined): string =>
    text === undefined ? '' : terminalText(text, 60);
  const paths = new Set(sightings.flatMap(({ path }) => path ?? []));
  return [
    `sha256 ${sha256}`,
    '',
    ...layOutColumns(
      [
        { heading: head('as'), cells: cells(({ role }) => role) },
        { heading: head('run'), cells: cells(({ jobId }) => terminalText(jobId)) },
        { heading: head('stage'), cells: cells(({ stage }) => name(stage)), shrinksTo: 8 },
        {
          heading: head('item'),
          cells: cells(({ itemId }) => (itemId === undefined ? '' : itemText(itemId))),
          shrinksTo: 8,
        },
        { heading: head('when (UTC)'), cells: cells(({ time }) => timeText(time)) },
      ],
      width,
    ),
    ...(paths.size === 0 ? [] : ['', ...[...paths].map((path) => `output  ${terminalText(path)}`)]),
  ];
}
