import { type ItemJob, type ItemSighting } from '@milepost/registry';
import { layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { recordedErrorText } from './error-text.ts';
import { type Paint, styleOfState } from './paint.ts';
import { sizeText } from './size-text.ts';
import { itemText, terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';
import { wrappedText } from './wrapped-text.ts';

/** All that is known of an item. */
export interface ItemView {
  readonly itemId: string;
  /** Executions that touched it, oldest first. */
  readonly sightings: readonly ItemSighting[];
  /** Uploads that brought it, oldest first. */
  readonly uploads: readonly ItemJob[];
}

interface Row {
  readonly run: string;
  readonly stage: string;
  readonly status: string;
  readonly took: string;
  readonly when: string;
  readonly sighting: ItemSighting | undefined;
}

/** Outputs that one execution lists at most. */
const MAX_OUTPUTS = 5;

function stageOf({ stage, occurrence, attempt, runAttempt }: ItemSighting): string {
  const times = [
    ...(occurrence > 1 ? [`#${occurrence}`] : []),
    ...(attempt > 1 ? [`try ${attempt}`] : []),
    ...(runAttempt > 1 ? [`run attempt ${runAttempt}`] : []),
  ];
  return [terminalText(stage, 60), ...times].join(' ');
}

function rowsOf({ sightings, uploads }: ItemView): readonly Row[] {
  return [
    ...uploads.map(({ job_id: run, status }) => ({
      run: terminalText(run),
      stage: 'upload',
      status: terminalText(status, 30),
      took: '',
      when: '',
      sighting: undefined,
    })),
    ...sightings.map((sighting) => ({
      run: sighting.runId,
      stage: stageOf(sighting),
      status: sighting.status,
      took: sighting.durationSeconds === undefined ? '-' : durationText(sighting.durationSeconds),
      when: timeText(sighting.time),
      sighting,
    })),
  ];
}

function tableOf(rows: readonly Row[], paint: Paint, width: number): readonly string[] {
  const head = (text: string): string => paint('dim', text);
  return layOutColumns(
    [
      { heading: head('run'), cells: rows.map(({ run }) => run) },
      { heading: head('stage'), cells: rows.map(({ stage }) => stage), shrinksTo: 8 },
      {
        heading: head('status'),
        cells: rows.map(({ status }) => paint(styleOfState(status), status)),
      },
      { heading: head('took'), cells: rows.map(({ took }) => took), align: 'right' },
      { heading: head('when (UTC)'), cells: rows.map(({ when }) => when) },
    ],
    width,
  );
}

function detailsOf({ error, outputs }: ItemSighting, paint: Paint, width: number): string[] {
  const lines = error === undefined ? [] : wrappedText(recordedErrorText(error), width);
  const files = outputs.slice(0, MAX_OUTPUTS).flatMap(({ path, size, missing }) => {
    const known = size === undefined ? '' : sizeText(size);
    const fact = missing === true ? 'missing' : known;
    return wrappedText(`→ ${fact.padStart(7)}  ${terminalText(path)}`, width);
  });
  const left = outputs.length - MAX_OUTPUTS;
  const more = left > 0 ? [`→ … and ${left} more: see --json`] : [];
  return [...lines, ...[...files, ...more].map((line) => paint('dim', line))];
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** One item as lines of text: each execution that touched it, oldest first, with its error and what was written for it. */
export function renderItem(
  view: ItemView,
  { paint, width }: Omit<DrawingOptions, 'now'>,
): readonly string[] {
  const rows = rowsOf(view);
  const [heading, ...lines] = tableOf(rows, paint, width - 2);
  const runs = new Set(view.sightings.map(({ runId }) => runId)).size;
  const executions = counted(view.sightings.length, 'execution');
  return [
    ...wrappedText(`${itemText(view.itemId)} · ${executions} in ${counted(runs, 'run')}`, width),
    '',
    `  ${heading ?? ''}`,
    ...rows.flatMap(({ sighting }, index) => {
      const details = sighting === undefined ? [] : detailsOf(sighting, paint, width - 6);
      return [`  ${lines[index] ?? ''}`, ...details.map((line) => `      ${line}`)];
    }),
  ];
}
