import { type RunDetail } from '@milepost/registry';
import { durationText } from './duration-text.ts';
import { type Paint, styleOfState } from './paint.ts';
import { drawJobGroups, drawTroubledJobs } from './render-job-groups.ts';
import { drawBlock, drawFailedItems, runErrors, runLosses, runReasons } from './run-messages.ts';
import { type RunSection, sectionsOf } from './run-sections.ts';
import { stateOfRun } from './run-state.ts';
import { terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions, drawWaterfall } from './waterfall.ts';

/** How one run is drawn. */
export interface RenderRunOptions extends DrawingOptions {
  /** Failed items, errors and jobs to list at most. */
  readonly failureLimit: number;
  /** Where the record lies, as a path for people. */
  readonly recordPath: string;
  /** The command by which all failures are listed. */
  readonly allFailuresCommand: string;
  /** The command that ends what is lost. */
  readonly repairCommand: string;
}

/** Joins parts by a dot, in as many lines as they need. Paint does not count. */
function wrapParts(
  parts: readonly (readonly [string, string])[],
  width: number,
): readonly string[] {
  const lines: string[] = [];
  let lengthOfLast = 0;
  for (const [plain, painted] of parts) {
    const last = lines.at(-1);
    if (last === undefined || lengthOfLast + 3 + plain.length > width) {
      lines.push(painted);
      lengthOfLast = plain.length;
    } else {
      lines[lines.length - 1] = `${last} · ${painted}`;
      lengthOfLast += 3 + plain.length;
    }
  }
  return lines;
}

function timing(run: RunDetail, now: number): string {
  if (run.durationSeconds !== undefined) return durationText(run.durationSeconds);
  const age = durationText(Math.max(0, now - run.startTime) / 1000);
  if (run.lost !== undefined) {
    return `last sign of life ${durationText(Math.max(0, now - run.lost.lastHeartbeat) / 1000)} ago`;
  }
  return run.status !== 'started' || run.startTime === 0 ? '' : `no end yet, began ${age} ago`;
}

function title(run: RunDetail, paint: Paint, width: number, now: number): readonly string[] {
  const state = stateOfRun(run);
  const parts: [string, string][] = [];
  const add = (text: string | undefined, painted = text): void => {
    if (text !== undefined && text !== '') parts.push([text, painted ?? text]);
  };
  const pipeline = run.pipeline === undefined ? undefined : terminalText(run.pipeline, 60);
  add(pipeline, pipeline && paint('bold', pipeline));
  add(run.runId);
  add(state, paint(styleOfState(state), state));
  add(run.attempt > 1 ? `attempt ${run.attempt}` : undefined);
  add(timing(run, now));
  add(run.startTime === 0 ? undefined : `${timeText(run.startTime)} UTC`);
  return wrapParts(parts, width);
}

function sectionTitle(
  section: RunSection,
  previous: RunSection | undefined,
  isAttempt: boolean,
): string | undefined {
  const at = `${timeText(section.axis.startTime)} UTC`;
  if (isAttempt && previous?.runAttempt !== section.runAttempt) {
    return `attempt ${section.runAttempt} · ${at}`;
  }
  if (previous === undefined) return undefined;
  const idle = (section.axis.startTime - previous.axis.endTime) / 1000;
  return `${durationText(Math.max(0, idle))} later · ${at}`;
}

function drawSections(run: RunDetail, options: DrawingOptions): readonly string[] {
  const sections = sectionsOf(run, options.now);
  const axis = { startTime: run.startTime, endTime: run.startTime };
  const pendingAlone = { runAttempt: run.attempt, executions: [], axis };
  const drawn = sections.length === 0 && run.pendingStages.length > 0 ? [pendingAlone] : sections;
  if (drawn.length === 0) return ['', '  no stage has begun'];
  const isAttempt = run.attempt > 1;
  return drawn.flatMap((section, index) => {
    const heading = sectionTitle(section, drawn[index - 1], isAttempt);
    const pending = index === drawn.length - 1 ? run.pendingStages : [];
    const lines = drawWaterfall(section, pending, { ...options, width: options.width - 2 });
    return [
      '',
      ...(heading === undefined ? [] : [`  ${options.paint('dim', heading)}`, '']),
      ...lines.map((line) => `  ${line}`),
    ];
  });
}

function drawBlocks(run: RunDetail, options: RenderRunOptions): readonly string[] {
  const { paint, width, failureLimit } = options;
  const inner = width - 2;
  const errors = drawBlock(paint('red', 'errors'), runErrors(run), failureLimit, inner);
  const lost = drawBlock(paint('red', 'lost'), runLosses(run), failureLimit, inner);
  const losses = lost.length === 0 ? [] : [...lost, `  to end it: ${options.repairCommand}`];
  const reasons = drawBlock('reasons', runReasons(run), failureLimit, inner);
  const items = run.failedItems.slice(0, failureLimit);
  const left = run.failedItems.length - items.length;
  const failed =
    items.length === 0
      ? []
      : [
          paint(
            'red',
            run.failedItems.length === 1
              ? 'failed item'
              : `failed items (${run.failedItems.length})`,
          ),
          ...drawFailedItems(items, paint, inner),
          ...(left > 0 ? [`  … and ${left} more: ${options.allFailuresCommand}`] : []),
        ];
  const drawing = { ...options, width: inner };
  const counts = drawJobGroups(run.jobs, drawing);
  const jobs = drawTroubledJobs(run.jobs, failureLimit, options.allFailuresCommand, drawing);
  return [counts, errors, losses, reasons, failed, jobs].flatMap((block) =>
    block.length === 0 ? [] : ['', ...block.map((line) => `  ${line}`)],
  );
}

function factsOf(run: RunDetail, recordPath: string): readonly (readonly [string, string])[] {
  const source = run.source.job_id;
  const facts: [string, string | undefined][] = [
    ['record', recordPath],
    ['trace', run.traceId],
    ['parent', run.parentRunId],
    ['client', run.clientId],
    ['source', typeof source === 'string' ? source : undefined],
    ['flags', run.flags.length === 0 ? undefined : run.flags.join(', ')],
  ];
  return facts.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, terminalText(value)]],
  );
}

/** One run as lines of text: what it is, its waterfall, its jobs, what went wrong, and where the record lies. */
export function renderRun(run: RunDetail, options: RenderRunOptions): readonly string[] {
  const { paint, width, now, recordPath } = options;
  const facts = factsOf(run, recordPath).map(
    ([name, value]) => `  ${paint('dim', name.padEnd(6))}  ${value}`,
  );
  return [
    ...title(run, paint, width, now),
    ...drawSections(run, options),
    ...drawBlocks(run, options),
    '',
    ...facts,
  ];
}
