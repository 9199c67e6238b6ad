import {
  type NamedChange,
  type RunDiff,
  type RunOfDiff,
  type StageDiff,
  type ValueChange,
} from '@milepost/registry';
import { layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { type Paint, styleOfState } from './paint.ts';
import { itemText, terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';

/** Changes of one kind that a stage lists at most. */
const MAX_CHANGES = 10;
/** Characters of a value or a name that a line shows at most. */
const MAX_CHARACTERS = 60;
/** Hex digits of a checksum that a line shows. */
const SHOWN_DIGITS = 12;
const NOTHING = '-';
const LABEL_WIDTH = 'config'.length;

function runLines(
  runs: readonly [RunOfDiff, RunOfDiff],
  options: DrawingOptions,
): readonly string[] {
  const { paint, width } = options;
  return layOutColumns(
    [
      { heading: '', cells: ['before', 'after'].map((word) => paint('dim', word)) },
      { heading: '', cells: runs.map(({ runId }) => runId) },
      {
        heading: '',
        cells: runs.map(({ status }) => paint(styleOfState(status), status)),
      },
      { heading: '', cells: runs.map(({ startTime }) => timeText(startTime)) },
      { heading: '', cells: runs.map((run) => tookOf(run.durationSeconds)), align: 'right' },
    ],
    width,
  ).slice(1);
}

function tookOf(seconds: number | undefined): string {
  return seconds === undefined ? NOTHING : durationText(seconds);
}

function idText(jobId: string | undefined): string {
  return jobId === undefined ? NOTHING : terminalText(jobId);
}

function valueText(value: unknown): string {
  return value === undefined ? NOTHING : terminalText(JSON.stringify(value) ?? '', MAX_CHARACTERS);
}

function shortSum(sha256: string | undefined): string {
  return sha256 === undefined ? NOTHING : terminalText(sha256, SHOWN_DIGITS);
}

/** Some lines, and how many were left out. */
function bounded(lines: readonly string[]): readonly string[] {
  const left = lines.length - MAX_CHANGES;
  return left > 0 ? [...lines.slice(0, MAX_CHANGES), `  … and ${left} more: see --json`] : lines;
}

function valueLines(
  label: string,
  changes: readonly ValueChange[],
  paint: Paint,
): readonly string[] {
  return bounded(
    changes.map(({ path, before, after }) => {
      const name = terminalText(path.join('.'), MAX_CHARACTERS);
      return `  ${paint('dim', label.padEnd(LABEL_WIDTH))}  ${name}  ${valueText(before)} → ${valueText(after)}`;
    }),
  );
}

function sumLines(label: string, changes: readonly NamedChange[], paint: Paint): readonly string[] {
  return bounded(
    changes.map(({ name, before, after }) => {
      const sums = `${shortSum(before)} → ${shortSum(after)}`;
      return `  ${paint('dim', label.padEnd(LABEL_WIDTH))}  ${terminalText(name)}  ${sums}`;
    }),
  );
}

function itemLines(
  { added, removed, changed }: StageDiff['items'],
  paint: Paint,
): readonly string[] {
  const line = (id: string, what: string): string =>
    `  ${paint('dim', 'item'.padEnd(LABEL_WIDTH))}  ${itemText(id)}  ${what}`;
  return [
    ...bounded(changed.map(({ name, before, after }) => line(name, `${before} → ${after}`))),
    ...bounded(added.map((id) => line(id, paint('green', 'added')))),
    ...bounded(removed.map((id) => line(id, paint('red', 'removed')))),
  ];
}

function stateText({ presence, state }: StageDiff): string {
  if (presence === 'after') return `added: ${state.after}`;
  if (presence === 'before') return `removed: was ${state.before}`;
  return state.before === state.after ? `${state.after}` : `${state.before} → ${state.after}`;
}

function stageLines(stage: StageDiff, paint: Paint): readonly string[] {
  const { before, after } = stage.duration;
  const change = before === after ? tookOf(after) : `${tookOf(before)} → ${tookOf(after)}`;
  const took = before === undefined && after === undefined ? '' : `  ${change}`;
  const changes = [
    ...valueLines('config', stage.config, paint),
    ...valueLines('count', stage.counts, paint),
    ...valueLines('field', stage.fields, paint),
    ...itemLines(stage.items, paint),
    ...sumLines('output', stage.outputs, paint),
  ];
  return [
    '',
    `${paint('bold', terminalText(stage.stage))}  ${stateText(stage)}${took}`,
    ...changes,
  ];
}

/** What differs between two runs: the runs, their source, then each stage. */
export function renderDiff(diff: RunDiff, options: DrawingOptions): readonly string[] {
  const { paint } = options;
  const { jobId, checksums } = diff.source;
  const source =
    jobId.before === jobId.after
      ? []
      : [
          `  ${paint('dim', 'source'.padEnd(LABEL_WIDTH))}  ${idText(jobId.before)} → ${idText(jobId.after)}`,
        ];
  return [
    ...runLines([diff.before, diff.after], options),
    ...source,
    ...sumLines('source', checksums, paint),
    ...diff.stages.flatMap((stage) => stageLines(stage, paint)),
    ...(diff.isSame ? ['', 'nothing differs besides times'] : []),
  ];
}
