import { type PlannedEnd, type RepairPlan } from '@milepost/registry';
import { counted } from './counted.ts';
import { durationText } from './duration-text.ts';
import { drawEntries } from './entries.ts';
import { styleOfState } from './paint.ts';
import { type RepairedRun } from './repair-runs.ts';
import { terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';

function labelOf({ unit, stage, runAttempt, occurrence, attempt }: PlannedEnd): string {
  if (unit === 'run') return runAttempt > 1 ? `the run, attempt ${runAttempt}` : 'the run';
  const which = [
    ...(occurrence > 1 ? [`#${occurrence}`] : []),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
  ];
  return [terminalText(stage ?? '', 60), ...which].join(' ');
}

/** What never began of a run. */
function notBegun({ began, pendingStages }: RepairPlan): readonly string[] {
  if (!began) return ['no stage and no job of it ever began'];
  if (pendingStages.length === 0) return [];
  return [`${pendingStages.map((stage) => terminalText(stage, 60)).join(', ')} never began`];
}

function whyOf(end: PlannedEnd, plan: RepairPlan): string {
  const { lost } = end;
  const why = lost === undefined ? 'nobody is known who would end it' : terminalText(lost.reason);
  // Of a run without an end, that of its last attempt comes last.
  const isWhole = plan.state !== 'ended' && end === plan.ends.at(-1);
  return [why, ...(isWhole ? notBegun(plan) : [])].join('; ');
}

function headOf({ plan, written }: RepairedRun, { paint, now }: DrawingOptions): string {
  const { runId, pipeline, startTime } = plan;
  const ended = plan.ends.findLast(({ unit }) => unit === 'run')?.status;
  const state = (written ? ended : undefined) ?? plan.state;
  const age = durationText(Math.max(0, now - startTime) / 1000);
  return [
    ...(pipeline === undefined ? [] : [paint('bold', terminalText(pipeline, 60))]),
    terminalText(runId),
    paint(styleOfState(state), state),
    ...(startTime === 0 ? [] : [`began ${age} ago`]),
  ].join(' · ');
}

function sentLines({ sending }: RepairedRun, { paint }: DrawingOptions): readonly string[] {
  if (sending === undefined) return [];
  const { outcome, spans, at, to } = sending;
  const what = spans === 1 ? '1 span and its log' : `${spans} spans and their logs`;
  switch (outcome) {
    case 'nothing':
      return ['nothing of it is to be sent: nothing was repaired'];
    case 'not_sampled':
      return ['nothing of it is to be sent: none of its spans was meant to be exported'];
    case 'sent_before':
      return [
        `sent or kept on disk at ${timeText(at ?? 0)} UTC already (milepost spool tells what waits); --again sends it once more`,
      ];
    case 'delivered':
      return [`${paint('green', 'sent')} ${what} to ${terminalText(to ?? '')}`];
    case 'kept':
      return [
        `${paint('yellow', 'kept')} ${what} on disk, for ${terminalText(to ?? '')}: milepost flush sends them`,
      ];
    case 'lost':
      return [`${paint('red', 'not sent')}: ${what}`];
    default:
      return outcome satisfies never;
  }
}

function jobLines({ plan: { lostJobs } }: RepairedRun): readonly string[] {
  if (lostJobs === 0) return [];
  return [`lost, and given no end, as their queue may try them again: ${counted(lostJobs, 'job')}`];
}

/** What a repair of a run did, or would do, as lines. */
export function renderRepair(run: RepairedRun, options: DrawingOptions): readonly string[] {
  const { plan, written } = run;
  const { paint, width } = options;
  const verb = written ? 'ended as' : 'would end as';
  const entries = plan.ends.map((end) => ({
    label: labelOf(end),
    subject: `${verb} ${end.status} at ${timeText(end.endTime)} UTC`,
    text: whyOf(end, plan),
  }));
  const ends =
    plan.refused === undefined
      ? drawEntries(entries, (label) => paint('bold', label), width - 2)
      : [`${paint('red', 'refused')}: ${terminalText(plan.refused)}`];
  const nothing =
    plan.refused === undefined && plan.ends.length === 0
      ? [
          plan.state === 'ended'
            ? `${plan.lostJobs === 0 ? 'everything has its' : 'the run and its stages have their'} end`
            : 'nothing of it could be ended here: its steps were saved as a whole, or by others',
        ]
      : [];
  return [
    headOf(run, options),
    ...[...ends, ...nothing, ...jobLines(run), ...sentLines(run, options)].map(
      (line) => `  ${line}`,
    ),
  ];
}
