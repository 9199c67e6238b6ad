import {
  type KeepReason,
  type KeptRun,
  type PruneReport,
  type PrunedRun,
} from '@milepost/registry';
import { layOutColumns } from './columns.ts';
import { counted } from './counted.ts';
import { sizeText } from './size-text.ts';
import { terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';

/** Runs of one kind that are named at most. The JSON names all. */
const MAX_NAMED = 20;

/** Why runs stay that the keeps alone would not keep; undefined for those that these do. */
const REASONS: Readonly<Record<KeepReason, string | undefined>> = {
  recent: undefined,
  newest: undefined,
  running: 'has no end yet',
  open: 'nothing tells that it ended',
  writing: 'a process has its journal open',
  source: 'the source of a run that stays',
  may_be_source: 'may be the source of a run that cannot be read',
  foreign: 'others recorded in it: --foreign prunes it too',
  journal_missing: 'its journal is gone, its files are the last copy: --foreign prunes it too',
  unreadable: 'something of it cannot be read',
};

function name(text: string | undefined): string {
  return text === undefined ? '' : terminalText(text, 60);
}

function drawPruned(
  runs: readonly PrunedRun[],
  { paint, width }: DrawingOptions,
): readonly string[] {
  const head = (text: string): string => paint('dim', text);
  const shown = runs.slice(0, MAX_NAMED);
  const left = runs.length - shown.length;
  return [
    ...layOutColumns(
      [
        { heading: head('run'), cells: shown.map(({ runId }) => runId) },
        { heading: head('pipeline'), cells: shown.map((run) => name(run.pipeline)), shrinksTo: 8 },
        { heading: head('status'), cells: shown.map(({ status }) => status ?? 'half pruned') },
        {
          heading: head('started (UTC)'),
          cells: shown.map(({ startTime }) => timeText(startTime ?? 0, 'minute')),
        },
        { heading: head('files'), cells: shown.map(({ files }) => `${files}`), align: 'right' },
        { heading: head('size'), cells: shown.map(({ bytes }) => sizeText(bytes)), align: 'right' },
      ],
      width,
    ),
    ...(left > 0 ? [`… and ${counted(left, 'run')} more: see --json`] : []),
  ];
}

function whyText({ reason, sourceOf }: KeptRun): string {
  const why = REASONS[reason] ?? reason;
  return sourceOf === undefined ? why : `${why}: ${sourceOf}`;
}

function drawKept(kept: readonly KeptRun[], width: number): readonly string[] {
  const special = kept.filter(({ reason }) => REASONS[reason] !== undefined);
  const shown = special.slice(0, MAX_NAMED);
  const left = special.length - shown.length;
  const lines = layOutColumns(
    [
      { heading: '', cells: shown.map(({ runId }) => `  ${runId}`) },
      { heading: '', cells: shown.map(whyText) },
    ],
    width,
  ).slice(1);
  return [...lines, ...(left > 0 ? [`  … and ${counted(left, 'run')} more: see --json`] : [])];
}

function keptText({ kept, notSelected }: PruneReport): string {
  const parts = (['recent', 'newest'] as const).flatMap((reason) => {
    const count = kept.filter((run) => run.reason === reason).length;
    return count === 0 ? [] : [`${count} ${reason}`];
  });
  const others = kept.filter(({ reason }) => REASONS[reason] !== undefined).length;
  if (others > 0) parts.push(`${others} for other reasons`);
  if (notSelected > 0) parts.push(`${notSelected} not selected`);
  const total = kept.length + notSelected;
  return `kept ${counted(total, 'run')}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

/** What was pruned, or would be, and why the rest stays, as lines. */
export function renderPrune(report: PruneReport, options: DrawingOptions): readonly string[] {
  const { dryRun, pruned, files, bytes } = report;
  const verb = dryRun ? 'would prune' : 'pruned';
  const kept = drawKept(report.kept, options.width);
  return [
    `${verb} ${counted(pruned.length, 'run')}: ${counted(files, 'file')}, ${sizeText(bytes)}`,
    ...(pruned.length === 0 ? [] : ['', ...drawPruned(pruned, options), '']),
    keptText(report),
    ...kept,
  ];
}
