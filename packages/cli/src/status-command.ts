import { type Command } from 'commander';
import { type JobPipelineStatus, type Registry, type RunDetail } from '@milepost/registry';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { durationText } from './duration-text.ts';
import { type JobGroup, groupJobs } from './job-groups.ts';
import { jobCountsJson } from './job-json.ts';
import {
  type LatestFilters,
  type NamedRun,
  LATEST,
  addLatestFilters,
  namedRun,
  noSuchRun,
  readRun,
} from './named-run.ts';
import { type Paint, styleOfState } from './paint.ts';
import { numberText } from './record-counts.ts';
import { lostJson } from './run-json.ts';
import { drawBlock, runLosses } from './run-messages.ts';
import { stateOfRun } from './run-state.ts';
import { allStageJobsJson, stageJobsText } from './stage-jobs.ts';
import { itemText, terminalText } from './terminal-text.ts';
import { type DrawingOptions } from './waterfall.ts';
import { wrappedText } from './wrapped-text.ts';

const EXAMPLES = `
Examples:
  milepost status
  milepost status --pipeline minutes
  milepost status 2026-01-01_21-45-14
  milepost status latest --json | jq -r '.steps_pending[]'`;

/** Width of the names before the lists. */
const NAME_WIDTH = 11;

function listed(name: string, names: readonly string[], paint: Paint, width: number): string[] {
  if (names.length === 0) return [];
  const text = names.map((step) => itemText(step)).join(', ');
  return wrappedText(text, width - NAME_WIDTH - 2).map(
    (line, index) => `  ${paint('dim', (index === 0 ? name : '').padEnd(NAME_WIDTH))}${line}`,
  );
}

/** How long a step has been open that is spread over jobs, and how many of them ended; nothing for any other. */
function openText(step: string, run: RunDetail, now: number): string {
  const open = run.executions.findLast(({ stage, state }) => stage === step && state === 'open');
  if (open === undefined) return '';
  const age = `open for ${durationText(Math.max(0, now - open.startTime) / 1000)}`;
  return ` (${[age, stageJobsText(open)].filter((part) => part !== '').join(', ')})`;
}

/** Those of the completed steps that completed in part: the format has no status of their own for them. */
function partialSteps(status: JobPipelineStatus, run: RunDetail): readonly string[] {
  const partial = new Set(
    run.stages.filter(({ state }) => state === 'partial').map(({ stage }) => stage),
  );
  return status.steps_completed.filter((step) => partial.has(step));
}

/** Jobs of one name: `ocr_page_job 48/50 (1 failed, 1 running)`. */
function groupText({ name, total, completed, failed, lost, running }: JobGroup): string {
  const others = Object.entries({ failed, lost, running })
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${numberText(count)} ${state}`);
  const rest = others.length === 0 ? '' : ` (${others.join(', ')})`;
  return `${name} ${numberText(completed)}/${numberText(total)}${rest}`;
}

function renderStatus(
  status: JobPipelineStatus,
  run: RunDetail,
  { paint, width, now }: DrawingOptions,
): readonly string[] {
  const state = stateOfRun(run);
  const lost = new Set(status.steps_lost);
  const partial = new Set(partialSteps(status, run));
  const completed = status.steps_completed.map((step) =>
    partial.has(step) ? `${step} (partial)` : step,
  );
  const pending = status.steps_pending
    .filter((step) => !lost.has(step))
    .map((step) => `${step}${openText(step, run, now)}`);
  const items = counted(status.source_items.length, 'item');
  const source = status.source_job_id === null ? [] : [`${status.source_job_id} (${items})`];
  const losses = drawBlock(
    paint('red', 'lost'),
    runLosses(run),
    Number.POSITIVE_INFINITY,
    width - 2,
  );
  return [
    `${terminalText(status.job_id)} · ${paint(styleOfState(state), state)}${status.timestamp === null ? '' : ` · ${terminalText(status.timestamp)}`}`,
    '',
    ...listed('completed', completed, paint, width),
    ...listed('failed', status.steps_failed, paint, width),
    ...listed('cancelled', status.steps_cancelled, paint, width),
    ...listed('skipped', status.steps_skipped, paint, width),
    ...listed('lost', status.steps_lost, paint, width),
    ...listed('pending', pending, paint, width),
    ...listed('jobs', groupJobs(run.jobs).map(groupText), paint, width),
    ...listed('source', source, paint, width),
    ...(losses.length === 0 ? [] : ['', ...losses.map((line) => `  ${line}`)]),
  ];
}

async function statusOf(
  registry: Registry,
  named: NamedRun,
  context: CommandContext,
): Promise<{ readonly status: JobPipelineStatus; readonly run: RunDetail }> {
  const run = await readRun(registry, named, context);
  const status = await registry.getJobPipelineStatus(run.runId);
  if (status !== undefined) return { status, run };
  throw noSuchRun(named, registry.root, context.commandLine('runs'));
}

/** Adds `milepost status`: which steps of a run are done, and which are not. */
export function addStatusCommand(program: Command, io: CliIo): void {
  const statusCommand = program
    .command('status')
    .summary('say which steps of a run are done, which wait, and where its items came from')
    .description('Say which steps of a run are done, which wait, and where its items came from.')
    .argument('[run]', 'ID of a run, an alias of it, or latest', LATEST);
  addLatestFilters(statusCommand)
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: LatestFilters, command: Command) => {
      const named = namedRun(id, options, command);
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const { status, run } = await statusOf(registry, named, context);
        context.reportProblems(run.problems);
        if (context.wantsJson) {
          const { status: outcome, state, lost } = run;
          context.writeJson({
            ...status,
            status: outcome,
            state,
            lost: lostJson(lost),
            steps_partial: partialSteps(status, run),
            job_counts: jobCountsJson(run.jobs),
            stage_jobs: allStageJobsJson(run),
          });
        } else context.writeLines(renderStatus(status, run, context.drawing));
      });
    });
}
